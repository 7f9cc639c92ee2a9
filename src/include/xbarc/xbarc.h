/* xbarc.h: everything a pass, a backend or a device model may use. */
#ifndef XBARC_XBARC_H
#define XBARC_XBARC_H

#include <xbarc/abi.h>
#include <xbarc/backend.h>
#include <xbarc/device.h>
#include <xbarc/edit.h>
#include <xbarc/graph.h>
#include <xbarc/layout.h>
#include <xbarc/linalg.h>
#include <xbarc/recipe.h>
#include <xbarc/train.h>

#endif
