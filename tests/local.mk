# Unit tests (Check), command-line tests (tests/tools/xcheck), rules of the house.
if HAVE_CHECK
UNIT_CPPFLAGS = $(AM_CPPFLAGS) $(CHECK_CFLAGS) $(PROTOBUFC_CFLAGS) $(YAML_CFLAGS) $(JANSSON_CFLAGS) $(CRYPTO_CFLAGS) \
	$(PNG_CFLAGS) $(ZLIB_CFLAGS) -DXBARC_VERSION=\"$(PACKAGE_VERSION)\"
UNIT_LDADD = $(XBARC_LIBS) $(CHECK_LIBS)
check_PROGRAMS += tests/unit/test_base
TESTS += tests/unit/test_base
tests_unit_test_base_SOURCES = tests/unit/test_base.c
tests_unit_test_base_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_num
TESTS += tests/unit/test_base_num
tests_unit_test_base_num_SOURCES = tests/unit/test_base_num.c
tests_unit_test_base_num_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_num_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_opts
TESTS += tests/unit/test_base_opts
tests_unit_test_base_opts_SOURCES = tests/unit/test_base_opts.c
tests_unit_test_base_opts_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_opts_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_opts_random
TESTS += tests/unit/test_base_opts_random
tests_unit_test_base_opts_random_SOURCES = tests/unit/test_base_opts_random.c
tests_unit_test_base_opts_random_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_opts_random_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_out
TESTS += tests/unit/test_base_out
tests_unit_test_base_out_SOURCES = tests/unit/test_base_out.c
tests_unit_test_base_out_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_out_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_out_dir
TESTS += tests/unit/test_base_out_dir
tests_unit_test_base_out_dir_SOURCES = tests/unit/test_base_out_dir.c
tests_unit_test_base_out_dir_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_out_dir_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_out_end
TESTS += tests/unit/test_base_out_end
tests_unit_test_base_out_end_SOURCES = tests/unit/test_base_out_end.c
tests_unit_test_base_out_end_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_out_end_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_out_refused
TESTS += tests/unit/test_base_out_refused
tests_unit_test_base_out_refused_SOURCES = tests/unit/test_base_out_refused.c
tests_unit_test_base_out_refused_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_out_refused_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_par
TESTS += tests/unit/test_base_par
tests_unit_test_base_par_SOURCES = tests/unit/test_base_par.c
tests_unit_test_base_par_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_par_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_progress
TESTS += tests/unit/test_base_progress
tests_unit_test_base_progress_SOURCES = tests/unit/test_base_progress.c
tests_unit_test_base_progress_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_progress_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_base_yaml
TESTS += tests/unit/test_base_yaml
tests_unit_test_base_yaml_SOURCES = tests/unit/test_base_yaml.c
tests_unit_test_base_yaml_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_base_yaml_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_data
TESTS += tests/unit/test_data
tests_unit_test_data_SOURCES = tests/unit/test_data.c
tests_unit_test_data_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_data_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_data_digits
TESTS += tests/unit/test_data_digits
tests_unit_test_data_digits_SOURCES = tests/unit/test_data_digits.c
tests_unit_test_data_digits_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_data_digits_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_data_npy
TESTS += tests/unit/test_data_npy
tests_unit_test_data_npy_SOURCES = tests/unit/test_data_npy.c
tests_unit_test_data_npy_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_data_npy_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_data_png
TESTS += tests/unit/test_data_png
tests_unit_test_data_png_SOURCES = tests/unit/test_data_png.c
tests_unit_test_data_png_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_data_png_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_hw_file
TESTS += tests/unit/test_hw_file
tests_unit_test_hw_file_SOURCES = tests/unit/test_hw_file.c
tests_unit_test_hw_file_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hw_file_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_hw_layout
TESTS += tests/unit/test_hw_layout
tests_unit_test_hw_layout_SOURCES = tests/unit/test_hw_layout.c
tests_unit_test_hw_layout_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hw_layout_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_hw_passes
TESTS += tests/unit/test_hw_passes
tests_unit_test_hw_passes_SOURCES = tests/unit/test_hw_passes.c
tests_unit_test_hw_passes_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hw_passes_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_hw_tiling
TESTS += tests/unit/test_hw_tiling
tests_unit_test_hw_tiling_SOURCES = tests/unit/test_hw_tiling.c
tests_unit_test_hw_tiling_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hw_tiling_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_hw_verify
TESTS += tests/unit/test_hw_verify
tests_unit_test_hw_verify_SOURCES = tests/unit/test_hw_verify.c
tests_unit_test_hw_verify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_hw_verify_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_graph
TESTS += tests/unit/test_ir_graph
tests_unit_test_ir_graph_SOURCES = tests/unit/test_ir_graph.c
tests_unit_test_ir_graph_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_graph_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_graph_clone
TESTS += tests/unit/test_ir_graph_clone
tests_unit_test_ir_graph_clone_SOURCES = tests/unit/test_ir_graph_clone.c
tests_unit_test_ir_graph_clone_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_graph_clone_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_infer
TESTS += tests/unit/test_ir_infer
tests_unit_test_ir_infer_SOURCES = tests/unit/test_ir_infer.c
tests_unit_test_ir_infer_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_infer_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_infer_bad
TESTS += tests/unit/test_ir_infer_bad
tests_unit_test_ir_infer_bad_SOURCES = tests/unit/test_ir_infer_bad.c
tests_unit_test_ir_infer_bad_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_infer_bad_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_infer_batch
TESTS += tests/unit/test_ir_infer_batch
tests_unit_test_ir_infer_batch_SOURCES = tests/unit/test_ir_infer_batch.c
tests_unit_test_ir_infer_batch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_infer_batch_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_infer_pool
TESTS += tests/unit/test_ir_infer_pool
tests_unit_test_ir_infer_pool_SOURCES = tests/unit/test_ir_infer_pool.c
tests_unit_test_ir_infer_pool_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_infer_pool_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_infer_shape
TESTS += tests/unit/test_ir_infer_shape
tests_unit_test_ir_infer_shape_SOURCES = tests/unit/test_ir_infer_shape.c
tests_unit_test_ir_infer_shape_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_infer_shape_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_matrix
TESTS += tests/unit/test_ir_matrix
tests_unit_test_ir_matrix_SOURCES = tests/unit/test_ir_matrix.c
tests_unit_test_ir_matrix_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_matrix_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_module
TESTS += tests/unit/test_ir_module
tests_unit_test_ir_module_SOURCES = tests/unit/test_ir_module.c
tests_unit_test_ir_module_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_module_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_tensor
TESTS += tests/unit/test_ir_tensor
tests_unit_test_ir_tensor_SOURCES = tests/unit/test_ir_tensor.c
tests_unit_test_ir_tensor_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_tensor_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_text
TESTS += tests/unit/test_ir_text
tests_unit_test_ir_text_SOURCES = tests/unit/test_ir_text.c
tests_unit_test_ir_text_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_text_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_text_hostile
TESTS += tests/unit/test_ir_text_hostile
tests_unit_test_ir_text_hostile_SOURCES = tests/unit/test_ir_text_hostile.c
tests_unit_test_ir_text_hostile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_text_hostile_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_ir_verify
TESTS += tests/unit/test_ir_verify
tests_unit_test_ir_verify_SOURCES = tests/unit/test_ir_verify.c
tests_unit_test_ir_verify_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_ir_verify_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_engine
TESTS += tests/unit/test_nn_engine
tests_unit_test_nn_engine_SOURCES = tests/unit/test_nn_engine.c
tests_unit_test_nn_engine_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_engine_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_engine_run
TESTS += tests/unit/test_nn_engine_run
tests_unit_test_nn_engine_run_SOURCES = tests/unit/test_nn_engine_run.c
tests_unit_test_nn_engine_run_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_engine_run_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_eval
TESTS += tests/unit/test_nn_eval
tests_unit_test_nn_eval_SOURCES = tests/unit/test_nn_eval.c
tests_unit_test_nn_eval_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_eval_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_ref
TESTS += tests/unit/test_nn_ref
tests_unit_test_nn_ref_SOURCES = tests/unit/test_nn_ref.c
tests_unit_test_nn_ref_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_ref_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_ref_axis
TESTS += tests/unit/test_nn_ref_axis
tests_unit_test_nn_ref_axis_SOURCES = tests/unit/test_nn_ref_axis.c
tests_unit_test_nn_ref_axis_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_ref_axis_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_ref_edge
TESTS += tests/unit/test_nn_ref_edge
tests_unit_test_nn_ref_edge_SOURCES = tests/unit/test_nn_ref_edge.c
tests_unit_test_nn_ref_edge_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_ref_edge_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_ref_math
TESTS += tests/unit/test_nn_ref_math
tests_unit_test_nn_ref_math_SOURCES = tests/unit/test_nn_ref_math.c
tests_unit_test_nn_ref_math_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_ref_math_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_nn_ref_move
TESTS += tests/unit/test_nn_ref_move
tests_unit_test_nn_ref_move_SOURCES = tests/unit/test_nn_ref_move.c
tests_unit_test_nn_ref_move_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_nn_ref_move_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_node
TESTS += tests/unit/test_onnx_node
tests_unit_test_onnx_node_SOURCES = tests/unit/test_onnx_node.c
tests_unit_test_onnx_node_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_node_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_opset
TESTS += tests/unit/test_onnx_opset
tests_unit_test_onnx_opset_SOURCES = tests/unit/test_onnx_opset.c
tests_unit_test_onnx_opset_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_opset_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_read
TESTS += tests/unit/test_onnx_read
tests_unit_test_onnx_read_SOURCES = tests/unit/test_onnx_read.c
tests_unit_test_onnx_read_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_read_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_tensor
TESTS += tests/unit/test_onnx_tensor
tests_unit_test_onnx_tensor_SOURCES = tests/unit/test_onnx_tensor.c
tests_unit_test_onnx_tensor_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_tensor_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_wire
TESTS += tests/unit/test_onnx_wire
tests_unit_test_onnx_wire_SOURCES = tests/unit/test_onnx_wire.c
tests_unit_test_onnx_wire_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_wire_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_onnx_write
TESTS += tests/unit/test_onnx_write
tests_unit_test_onnx_write_SOURCES = tests/unit/test_onnx_write.c
tests_unit_test_onnx_write_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_onnx_write_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_pipe_compile
TESTS += tests/unit/test_pipe_compile
tests_unit_test_pipe_compile_SOURCES = tests/unit/test_pipe_compile.c
tests_unit_test_pipe_compile_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pipe_compile_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_pipe_gate
TESTS += tests/unit/test_pipe_gate
tests_unit_test_pipe_gate_SOURCES = tests/unit/test_pipe_gate.c
tests_unit_test_pipe_gate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pipe_gate_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_pipe_read
TESTS += tests/unit/test_pipe_read
tests_unit_test_pipe_read_SOURCES = tests/unit/test_pipe_read.c
tests_unit_test_pipe_read_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pipe_read_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_pipe_run
TESTS += tests/unit/test_pipe_run
tests_unit_test_pipe_run_SOURCES = tests/unit/test_pipe_run.c
tests_unit_test_pipe_run_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_pipe_run_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_plug_elf
TESTS += tests/unit/test_plug_elf
tests_unit_test_plug_elf_SOURCES = tests/unit/test_plug_elf.c
tests_unit_test_plug_elf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_plug_elf_LDADD = $(UNIT_LDADD)
check_PROGRAMS += tests/unit/test_report
TESTS += tests/unit/test_report
tests_unit_test_report_SOURCES = tests/unit/test_report.c
tests_unit_test_report_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_test_report_LDADD = $(UNIT_LDADD)
EXTRA_DIST += \
	tests/unit/base_opts_kit.h \
	tests/unit/base_out_kit.h \
	tests/unit/data_kit.h \
	tests/unit/hw_fixture.h \
	tests/unit/hw_host.h \
	tests/unit/infer_kit.h \
	tests/unit/ir_graph_some.h \
	tests/unit/ir_text_some.h \
	tests/unit/nn_kit.h \
	tests/unit/onnx_model.h \
	tests/unit/pipe_kit.h \
	tests/unit/pipe_run_kit.h \
	tests/unit/pipe_run_plugin.h \
	tests/unit/ref_net.h
endif
check_PROGRAMS_UNIT = \
	tests/unit/test_base \
	tests/unit/test_base_num \
	tests/unit/test_base_opts \
	tests/unit/test_base_opts_random \
	tests/unit/test_base_out \
	tests/unit/test_base_out_dir \
	tests/unit/test_base_out_end \
	tests/unit/test_base_out_refused \
	tests/unit/test_base_par \
	tests/unit/test_base_progress \
	tests/unit/test_base_yaml \
	tests/unit/test_data \
	tests/unit/test_data_digits \
	tests/unit/test_data_npy \
	tests/unit/test_data_png \
	tests/unit/test_hw_file \
	tests/unit/test_hw_layout \
	tests/unit/test_hw_passes \
	tests/unit/test_hw_tiling \
	tests/unit/test_hw_verify \
	tests/unit/test_ir_graph \
	tests/unit/test_ir_graph_clone \
	tests/unit/test_ir_infer \
	tests/unit/test_ir_infer_bad \
	tests/unit/test_ir_infer_batch \
	tests/unit/test_ir_infer_pool \
	tests/unit/test_ir_infer_shape \
	tests/unit/test_ir_matrix \
	tests/unit/test_ir_module \
	tests/unit/test_ir_tensor \
	tests/unit/test_ir_text \
	tests/unit/test_ir_text_hostile \
	tests/unit/test_ir_verify \
	tests/unit/test_nn_engine \
	tests/unit/test_nn_engine_run \
	tests/unit/test_nn_eval \
	tests/unit/test_nn_ref \
	tests/unit/test_nn_ref_axis \
	tests/unit/test_nn_ref_edge \
	tests/unit/test_nn_ref_math \
	tests/unit/test_nn_ref_move \
	tests/unit/test_onnx_node \
	tests/unit/test_onnx_opset \
	tests/unit/test_onnx_read \
	tests/unit/test_onnx_tensor \
	tests/unit/test_onnx_wire \
	tests/unit/test_onnx_write \
	tests/unit/test_pipe_compile \
	tests/unit/test_pipe_gate \
	tests/unit/test_pipe_read \
	tests/unit/test_pipe_run \
	tests/unit/test_plug_elf \
	tests/unit/test_report

TEST_EXTENSIONS = .test .sh
TEST_LOG_COMPILER = $(PERL_OR_PERL) $(srcdir)/tests/tools/xcheck
SH_LOG_COMPILER = $(SHELL)
PERL_OR_PERL = perl
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)'; XBARC='$(abs_top_builddir)/tests/xbarc'; CC='$(CC)'; \
	abs_srcdir='$(abs_srcdir)'; abs_builddir='$(abs_builddir)'; export srcdir XBARC CC abs_srcdir abs_builddir;

# The ONNX suite (libonnx-testdata), in one process that forks only to survive a crash.
check_PROGRAMS += tests/onnx/suite
tests_onnx_suite_SOURCES = tests/onnx/suite.c tests/onnx/case.c tests/onnx/case.h
tests_onnx_suite_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUFC_CFLAGS)
tests_onnx_suite_LDADD = $(XBARC_LIBS)

CLI_TESTS = tests/cli/broken-pipe.test tests/cli/cut-short.test tests/cli/diag-json.test tests/cli/emit-partial.test tests/cli/eval-cifar10.test tests/cli/eval-mnist.test tests/cli/eval-shape.test tests/cli/example-mnist.test tests/cli/float64.test tests/cli/full-disk.test tests/cli/hardware-errors.test tests/cli/hardware-name.test tests/cli/help.test tests/cli/inspect.test tests/cli/instruments.test tests/cli/interrupt.test tests/cli/list.test tests/cli/mnist-8-outputs.test tests/cli/model-bitflips.test tests/cli/model-missing.test tests/cli/model-truncated.test tests/cli/opt-roundtrip.test tests/cli/out-folder.test tests/cli/out-manifest.test tests/cli/out-of-memory.test tests/cli/out-place.test tests/cli/own-files.test tests/cli/pipeline-names.test tests/cli/pipeline-needs.test tests/cli/pipeline-order.test tests/cli/pipeline-print.test tests/cli/report-formats.test tests/cli/report-keys.test tests/cli/report-rollback.test tests/cli/run-names.test tests/cli/same-bytes.test tests/cli/set.test tests/cli/symbolic-size.test tests/cli/usage.test tests/cli/verify-manifest.test tests/cli/verify-not-ours.test tests/cli/verify.test tests/cli/yaml-anchor.test tests/cli/yaml-duplicate.test tests/cli/yaml-tab.test tests/cli/yaml-variable.test tests/smoke.test 
PEER_TESTS = tests/peers/html.sh tests/peers/ort.sh tests/peers/torch.sh 
UNIT_TESTS = $(check_PROGRAMS_UNIT)
TESTS += tests/plugins.sh tests/layering.sh $(CLI_TESTS) tests/onnx.sh
EXTRA_DIST += tests/plugins.sh $(CLI_TESTS) $(PEER_TESTS) tests/layering.sh tests/onnx.sh tests/installcheck tests/check tests/allowed-skips \
	tests/tools/xcheck tests/xbarc.in tests/cli/data/report-keys.pl tests/onnx/unsupported.txt tests/peers/compare_npy.py tests/peers/ort_run.js tests/peers/torch_exports.py 
