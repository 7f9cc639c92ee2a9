/* case.h: one case of the ONNX operator suite, in this process. */
#ifndef XB_TESTS_ONNX_CASE_H
#define XB_TESTS_ONNX_CASE_H

typedef enum xb_outcome { XB_PASSED, XB_UNSUPPORTED, XB_FAILED } xb_outcome;

enum { XB_REASON = 300 };

/* folder: model.onnx and test_data_set_*. reason: one line; "CODE OPERATOR" when unsupported, "" when passed. */
xb_outcome xb_case_run(const char *folder, char reason[XB_REASON]);

#endif
