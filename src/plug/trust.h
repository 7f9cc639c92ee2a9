/* trust.h: code that others may change, or put another in the place of, is not run. */
#ifndef XB_PLUG_TRUST_H
#define XB_PLUG_TRUST_H

/* NULL when trusted, else why not. The file and its folder belong to root or us and nobody else may write them; no
 * folder that its name leads through, links followed one by one, is writable by all unless sticky. */
const char *xb_distrust(const char *path);

#endif
