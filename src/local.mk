# The program: one static library of all rooms, so that tests link what the program is.
noinst_LIBRARIES += src/libxbarc.a
src_libxbarc_a_SOURCES = \
	src/base/diag.c \
	src/base/diag.h \
	src/base/digest.c \
	src/base/digest.h \
	src/base/file.c \
	src/base/file.h \
	src/base/interrupt.c \
	src/base/json.c \
	src/base/json.h \
	src/base/map.c \
	src/base/map.h \
	src/base/mem.c \
	src/base/mem.h \
	src/base/num.c \
	src/base/num.h \
	src/base/opts.h \
	src/base/opts_check.c \
	src/base/opts_help.c \
	src/base/opts_print.c \
	src/base/opts_read.c \
	src/base/opts_value.c \
	src/base/opts_value.h \
	src/base/out.c \
	src/base/out.h \
	src/base/out_private.h \
	src/base/outdir.c \
	src/base/outdir_ours.c \
	src/base/par.c \
	src/base/par.h \
	src/base/par_private.h \
	src/base/partial.c \
	src/base/partial.h \
	src/base/place.c \
	src/base/progress.c \
	src/base/progress.h \
	src/base/rng.c \
	src/base/rng.h \
	src/base/str.c \
	src/base/str.h \
	src/base/team.c \
	src/base/utf8.h \
	src/base/vec.h \
	src/base/yaml.c \
	src/base/yaml.h \
	src/base/yaml_merge.c \
	src/base/yaml_print.c \
	src/base/yaml_text.c \
	src/base/yaml_text.h
src_libxbarc_a_SOURCES += \
	src/ir/attr.c \
	src/ir/blob.c \
	src/ir/clone.c \
	src/ir/dim.c \
	src/ir/dim.h \
	src/ir/edit.c \
	src/ir/graph.c \
	src/ir/graph.h \
	src/ir/infer.c \
	src/ir/infer.h \
	src/ir/infer_axis.c \
	src/ir/infer_batch.c \
	src/ir/infer_conv.c \
	src/ir/infer_dense.c \
	src/ir/infer_elementwise.c \
	src/ir/infer_fill.c \
	src/ir/infer_move.c \
	src/ir/infer_reshape.c \
	src/ir/infer_slice.c \
	src/ir/infer_table.c \
	src/ir/infer_util.c \
	src/ir/infer_walk.h \
	src/ir/lex.c \
	src/ir/literal.c \
	src/ir/literal.h \
	src/ir/matrix.c \
	src/ir/module.c \
	src/ir/module.h \
	src/ir/names.c \
	src/ir/ops.c \
	src/ir/ops.def \
	src/ir/order.c \
	src/ir/parse.c \
	src/ir/parse.h \
	src/ir/parse_const.c \
	src/ir/print.c \
	src/ir/shape_value.c \
	src/ir/store.h \
	src/ir/tensor.c \
	src/ir/tensor.h \
	src/ir/text.h \
	src/ir/text_private.h \
	src/ir/types.c \
	src/ir/use.c \
	src/ir/verify.c \
	src/ir/verify.h \
	src/ir/window.c \
	src/ir/window.h
src_libxbarc_a_SOURCES += \
	src/onnx/draft.c \
	src/onnx/encode.c \
	src/onnx/encode.h \
	src/onnx/export.c \
	src/onnx/external.c \
	src/onnx/guess.c \
	src/onnx/import.c \
	src/onnx/import.h \
	src/onnx/notes.c \
	src/onnx/notes.h \
	src/onnx/onnx.h \
	src/onnx/opset.c \
	src/onnx/opset_axes.c \
	src/onnx/opset_math.c \
	src/onnx/opset_move.c \
	src/onnx/opset_norm.c \
	src/onnx/order.c \
	src/onnx/read.c \
	src/onnx/simplify.c \
	src/onnx/tensor.c \
	src/onnx/tensor.h \
	src/onnx/wire.c \
	src/onnx/wire.h
src_libxbarc_a_SOURCES += \
	src/data/cifar.c \
	src/data/data.c \
	src/data/data.h \
	src/data/dataset.h \
	src/data/digits.c \
	src/data/digits.h \
	src/data/digitset.c \
	src/data/images.c \
	src/data/mnist.c \
	src/data/npy.c \
	src/data/npy.h \
	src/data/npyset.c \
	src/data/png.c \
	src/data/png.h \
	src/data/strokes.c \
	src/data/strokes.h
src_libxbarc_a_SOURCES += \
	src/hw/cost.c \
	src/hw/count.c \
	src/hw/hw.c \
	src/hw/hw.h \
	src/hw/hw_private.h \
	src/hw/layout.c \
	src/hw/layout.h \
	src/hw/layout_private.h \
	src/hw/layout_read.c \
	src/hw/locate.c \
	src/hw/lvs.h \
	src/hw/lvs_read.c \
	src/hw/options.c \
	src/hw/order.c \
	src/hw/override.c \
	src/hw/pack.c \
	src/hw/plan.c \
	src/hw/rollup.c \
	src/hw/rollup.h \
	src/hw/tiling.c \
	src/hw/verify.c
src_libxbarc_a_SOURCES += \
	src/nn/back.h \
	src/nn/back/axis.c \
	src/nn/back/back.c \
	src/nn/back/binary.c \
	src/nn/back/conv.c \
	src/nn/back/kernel.h \
	src/nn/back/lrn.c \
	src/nn/back/move.c \
	src/nn/back/norm.c \
	src/nn/back/pool.c \
	src/nn/back/product.c \
	src/nn/back/reduce.c \
	src/nn/back/unary.c \
	src/nn/dnnl.c \
	src/nn/dnnl.h \
	src/nn/dnnl_op.h \
	src/nn/dnnl_ops.c \
	src/nn/dnnl_train.c \
	src/nn/dnnl_train.h \
	src/nn/dnnl_train_ops.c \
	src/nn/dnnl_weights.c \
	src/nn/engine.c \
	src/nn/engine.h \
	src/nn/engine_private.h \
	src/nn/eval.c \
	src/nn/eval.h \
	src/nn/exec.c \
	src/nn/exec.h \
	src/nn/linalg.c \
	src/nn/linalg.h \
	src/nn/max/avx2.c \
	src/nn/max/avx512.c \
	src/nn/max/four.c \
	src/nn/max/lanes_avx2.h \
	src/nn/max/lanes_avx512.h \
	src/nn/max/lanes_four.h \
	src/nn/max/lanes_plain.h \
	src/nn/max/max.c \
	src/nn/max/max.h \
	src/nn/max/plain.c \
	src/nn/max/tile.h \
	src/nn/plan.c \
	src/nn/plan.h \
	src/nn/plan_binary.c \
	src/nn/plan_build.c \
	src/nn/plan_build.h \
	src/nn/plan_geometry.c \
	src/nn/plan_ops.c \
	src/nn/plan_place.c \
	src/nn/plan_tail.c \
	src/nn/plan_weights.c \
	src/nn/ref.h \
	src/nn/ref/binary.c \
	src/nn/ref/call.c \
	src/nn/ref/cells.c \
	src/nn/ref/conv.c \
	src/nn/ref/fill.c \
	src/nn/ref/gemm.c \
	src/nn/ref/index.c \
	src/nn/ref/kernel.h \
	src/nn/ref/move.c \
	src/nn/ref/norm.c \
	src/nn/ref/pool.c \
	src/nn/ref/product.c \
	src/nn/ref/reduce.c \
	src/nn/ref/ref.c \
	src/nn/ref/scan.c \
	src/nn/ref/softmax.c \
	src/nn/ref/unary.c \
	src/nn/ref/walk.c \
	src/nn/ref/window.c \
	src/nn/stream.c \
	src/nn/tape.h \
	src/nn/tape/arrive.c \
	src/nn/tape/back.c \
	src/nn/tape/build.h \
	src/nn/tape/fast.c \
	src/nn/tape/fast_back.c \
	src/nn/tape/fast_norm.c \
	src/nn/tape/fast_pool.c \
	src/nn/tape/forward.c \
	src/nn/tape/grads.c \
	src/nn/tape/layer.c \
	src/nn/tape/packed.c \
	src/nn/tape/place.c \
	src/nn/tape/plain.c \
	src/nn/tape/prepare.c \
	src/nn/tape/run.c \
	src/nn/tape/run.h \
	src/nn/tape/tape.c \
	src/nn/train/augment.c \
	src/nn/train/augment.h \
	src/nn/train/batches.c \
	src/nn/train/batches.h \
	src/nn/train/checkpoint.c \
	src/nn/train/checkpoint.h \
	src/nn/train/constraints.c \
	src/nn/train/edit.c \
	src/nn/train/edit.h \
	src/nn/train/edit_matrix.c \
	src/nn/train/edit_merge.c \
	src/nn/train/edit_private.h \
	src/nn/train/edit_remove.c \
	src/nn/train/edit_split.c \
	src/nn/train/edit_units.c \
	src/nn/train/edit_units.h \
	src/nn/train/edit_units_act.c \
	src/nn/train/edit_units_bias.c \
	src/nn/train/edit_units_fold.c \
	src/nn/train/edit_units_fold_synapses.c \
	src/nn/train/edit_units_matrix.c \
	src/nn/train/edit_units_move.c \
	src/nn/train/edit_units_rules.c \
	src/nn/train/hooks.c \
	src/nn/train/hooks.h \
	src/nn/train/identity.c \
	src/nn/train/init.c \
	src/nn/train/init.h \
	src/nn/train/inject.c \
	src/nn/train/loss.c \
	src/nn/train/loss.h \
	src/nn/train/machine.c \
	src/nn/train/moment.c \
	src/nn/train/optim.c \
	src/nn/train/optim.h \
	src/nn/train/params.c \
	src/nn/train/params.h \
	src/nn/train/rate.c \
	src/nn/train/recalibrate.c \
	src/nn/train/recipe.c \
	src/nn/train/resume.c \
	src/nn/train/step.c \
	src/nn/train/train.c \
	src/nn/train/train.h \
	src/nn/train/trainer.h \
	src/nn/train/unshare.c \
	src/nn/train/unshare.h \
	src/nn/train/vector.h
src_libxbarc_a_SOURCES += \
	src/sim/answers.c \
	src/sim/calibrate.c \
	src/sim/chain.c \
	src/sim/chain.h \
	src/sim/check.c \
	src/sim/chip.c \
	src/sim/clones.h \
	src/sim/convert.c \
	src/sim/devices.c \
	src/sim/draw.c \
	src/sim/draw.h \
	src/sim/irdrop.c \
	src/sim/irdrop.h \
	src/sim/irdrop_private.h \
	src/sim/irdrop_solve.c \
	src/sim/items.c \
	src/sim/lanes_avx2.h \
	src/sim/lanes_avx512.h \
	src/sim/lanes_plain.h \
	src/sim/layer.c \
	src/sim/mapping.c \
	src/sim/options.c \
	src/sim/product.c \
	src/sim/product.h \
	src/sim/product8.c \
	src/sim/product8_avx2.c \
	src/sim/product8_bytes.h \
	src/sim/product8_pack.c \
	src/sim/product8_small.c \
	src/sim/product8_tile.h \
	src/sim/product8_vnni.c \
	src/sim/product_avx2.c \
	src/sim/product_avx512.c \
	src/sim/product_kernel.c \
	src/sim/product_noise.h \
	src/sim/product_pack.c \
	src/sim/product_plain.c \
	src/sim/product_private.h \
	src/sim/product_tile.h \
	src/sim/program.c \
	src/sim/reads.c \
	src/sim/run.c \
	src/sim/sections.c \
	src/sim/sim.c \
	src/sim/sim.h \
	src/sim/sim_private.h \
	src/sim/summary.c \
	src/sim/trial.c \
	src/sim/vectors.c \
	src/sim/windows.c \
	src/sim/wires.c
src_libxbarc_a_SOURCES += \
	src/report/assumed.c \
	src/report/axis.c \
	src/report/axis.h \
	src/report/curve.c \
	src/report/curve.h \
	src/report/deleted.c \
	src/report/fields.c \
	src/report/fields.h \
	src/report/html.c \
	src/report/html_layers.c \
	src/report/lines.c \
	src/report/lines.h \
	src/report/plot.c \
	src/report/render.c \
	src/report/render.h \
	src/report/style.c \
	src/report/svg.c \
	src/report/tables.c \
	src/report/text.c \
	src/report/text_traces.c \
	src/report/traces.c \
	src/report/traces.h
src_libxbarc_a_SOURCES += \
	src/plug/builtin.h \
	src/plug/context.c \
	src/plug/context.h \
	src/plug/elf.c \
	src/plug/elf.h \
	src/plug/handshake.c \
	src/plug/handshake.h \
	src/plug/plug.h \
	src/plug/registry.c \
	src/plug/service_edit.c \
	src/plug/service_journal.c \
	src/plug/service_json.c \
	src/plug/service_layout.c \
	src/plug/service_linalg.c \
	src/plug/service_train.c \
	src/plug/services.c \
	src/plug/sink.c \
	src/plug/trust.c \
	src/plug/trust.h
src_libxbarc_a_SOURCES += \
	src/pipe/assumed.c \
	src/pipe/check.c \
	src/pipe/chip.c \
	src/pipe/compile.c \
	src/pipe/extends.c \
	src/pipe/folder.c \
	src/pipe/gate.c \
	src/pipe/hardware.c \
	src/pipe/inputs.c \
	src/pipe/instruments.c \
	src/pipe/keys.c \
	src/pipe/load.c \
	src/pipe/measure.c \
	src/pipe/outputs.c \
	src/pipe/parts.h \
	src/pipe/pipeline.h \
	src/pipe/print.c \
	src/pipe/read.c \
	src/pipe/run.c \
	src/pipe/sets.c \
	src/pipe/simulated.c \
	src/pipe/steps.c \
	src/pipe/training.c \
	src/pipe/yaml_edit.c

# Compiled from the ONNX schema; not our code, so without our warnings.
noinst_LIBRARIES += src/libonnxpb.a
src_libonnxpb_a_CPPFLAGS = -I$(top_builddir)/src $(PROTOBUFC_CFLAGS)
src_libonnxpb_a_CFLAGS = -w -fvisibility=hidden
nodist_src_libonnxpb_a_SOURCES = src/onnx/onnx.pb-c.c
BUILT_SOURCES += src/onnx/onnx.pb-c.h
CLEANFILES += src/onnx/onnx.pb-c.c src/onnx/onnx.pb-c.h
src/onnx/onnx.pb-c.c: $(ONNX_PROTO)
	$(AM_V_GEN)$(MKDIR_P) src/onnx && $(PROTOC_C) -I"$$(dirname $(ONNX_PROTO))" --c_out=src/onnx $(ONNX_PROTO)
src/onnx/onnx.pb-c.h: src/onnx/onnx.pb-c.c

# The built-in table: every plugin with --disable-plugins, else none.
nodist_src_libxbarc_a_SOURCES = src/plug/builtin.c
CLEANFILES += src/plug/builtin.c
src/plug/builtin.c: Makefile
	$(AM_V_GEN)$(MKDIR_P) src/plug && { \
	  echo '/* Generated: the plugins linked in. */'; \
	  echo '#include "plug/builtin.h"'; \
	  for p in $(BUILTIN_PLUGINS); do echo "xb_query_fn xbarc_plugin_query_$$p;"; done; \
	  echo 'xb_query_fn *const xb_builtin_plugins[] = {'; \
	  for p in $(BUILTIN_PLUGINS); do echo "    xbarc_plugin_query_$$p,"; done; \
	  echo '    0};'; } > $@

XBARC_LIBS = src/libxbarc.a
if BUILTIN
XBARC_LIBS += src/libplugins.a
endif
XBARC_LIBS += src/libonnxpb.a $(PROTOBUFC_LIBS) $(YAML_LIBS) $(JANSSON_LIBS) $(CRYPTO_LIBS) $(PNG_LIBS) \
	$(ZLIB_LIBS) $(OPENBLAS_LIBS) $(LAPACKE_LIBS) $(DNNL_LIBS) $(GOMP_LIBS)

bin_PROGRAMS += src/xbarc
src_xbarc_CPPFLAGS = $(AM_CPPFLAGS) -DXBARC_PLUGIN_DIR=\"$(pluginexecdir)\" -DXBARC_DATA_DIR=\"$(shareddir)\"
src_xbarc_LDADD = $(XBARC_LIBS)
src_xbarc_SOURCES = \
	src/cli/cli.h \
	src/cli/commands.c \
	src/cli/compile.c \
	src/cli/csv.c \
	src/cli/csv.h \
	src/cli/data.c \
	src/cli/doctor.c \
	src/cli/eval.c \
	src/cli/flags.c \
	src/cli/help.c \
	src/cli/inspect.c \
	src/cli/irdrop.c \
	src/cli/irdrop.h \
	src/cli/irdrop_map.c \
	src/cli/list.c \
	src/cli/main.c \
	src/cli/opt.c \
	src/cli/plan.c \
	src/cli/plan.h \
	src/cli/report.c \
	src/cli/run.c \
	src/cli/simulate.c \
	src/cli/simulate_parts.h \
	src/cli/simulate_points.c \
	src/cli/simulate_run.c \
	src/cli/study.c \
	src/cli/study.h \
	src/cli/study_csv.c \
	src/cli/study_places.c \
	src/cli/study_rows.c \
	src/cli/study_rows.h \
	src/cli/study_settings.c \
	src/cli/study_show.c \
	src/cli/train.c \
	src/cli/train_flags.c \
	src/cli/train_log.c \
	src/cli/train_parts.h \
	src/cli/train_places.c \
	src/cli/train_show.c \
	src/cli/verify.c \
	src/cli/write.c

# The only installed headers.
xbarcincludedir = $(includedir)/xbarc
xbarcinclude_HEADERS = \
	src/include/xbarc/abi.h \
	src/include/xbarc/backend.h \
	src/include/xbarc/device.h \
	src/include/xbarc/edit.h \
	src/include/xbarc/graph.h \
	src/include/xbarc/layout.h \
	src/include/xbarc/linalg.h \
	src/include/xbarc/recipe.h \
	src/include/xbarc/train.h \
	src/include/xbarc/xbarc.h

pkgconfigdir = $(libdir)/pkgconfig
pkgconfig_DATA = src/xbarc.pc
