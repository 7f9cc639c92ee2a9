# Unit tests (Check), command-line tests (tests/tools/xcheck), rules of the house.
# A unit test is one file, tests/unit/test_x.c; its sources and flags are automake's defaults.
UNIT_TESTS = \
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
	tests/unit/test_base_team \
	tests/unit/test_base_yaml \
	tests/unit/test_data \
	tests/unit/test_data_digits \
	tests/unit/test_data_npy \
	tests/unit/test_data_png \
	tests/unit/test_fold_bn \
	tests/unit/test_group_delete \
	tests/unit/test_group_delete_order \
	tests/unit/test_group_delete_run \
	tests/unit/test_group_delete_stop \
	tests/unit/test_hw_file \
	tests/unit/test_hw_layout \
	tests/unit/test_hw_perm \
	tests/unit/test_hw_tiling \
	tests/unit/test_hw_verify \
	tests/unit/test_ir_graph \
	tests/unit/test_ir_graph_clone \
	tests/unit/test_ir_infer \
	tests/unit/test_ir_infer_bad \
	tests/unit/test_ir_infer_batch \
	tests/unit/test_ir_infer_nothing \
	tests/unit/test_ir_infer_pool \
	tests/unit/test_ir_infer_shape \
	tests/unit/test_ir_matrix \
	tests/unit/test_ir_module \
	tests/unit/test_ir_tensor \
	tests/unit/test_ir_text \
	tests/unit/test_ir_text_hostile \
	tests/unit/test_ir_verify \
	tests/unit/test_linalg \
	tests/unit/test_map_place \
	tests/unit/test_nets \
	tests/unit/test_nn_back \
	tests/unit/test_nn_back_corner \
	tests/unit/test_nn_back_norm \
	tests/unit/test_nn_custom \
	tests/unit/test_nn_dnnl_train \
	tests/unit/test_nn_dnnl_train_ops \
	tests/unit/test_nn_engine \
	tests/unit/test_nn_engine_nets \
	tests/unit/test_nn_engine_run \
	tests/unit/test_nn_eval \
	tests/unit/test_nn_max \
	tests/unit/test_nn_ref \
	tests/unit/test_nn_ref_axis \
	tests/unit/test_nn_ref_edge \
	tests/unit/test_nn_ref_math \
	tests/unit/test_nn_ref_move \
	tests/unit/test_nn_tape \
	tests/unit/test_nn_tape_dnnl \
	tests/unit/test_onnx_node \
	tests/unit/test_onnx_notes \
	tests/unit/test_onnx_opset \
	tests/unit/test_onnx_read \
	tests/unit/test_onnx_tensor \
	tests/unit/test_onnx_training \
	tests/unit/test_onnx_wire \
	tests/unit/test_onnx_write \
	tests/unit/test_pipe_compile \
	tests/unit/test_pipe_extends \
	tests/unit/test_pipe_gate \
	tests/unit/test_pipe_read \
	tests/unit/test_pipe_run \
	tests/unit/test_pipe_sets \
	tests/unit/test_plug_elf \
	tests/unit/test_prune_units \
	tests/unit/test_prune_units_train \
	tests/unit/test_prune_weights \
	tests/unit/test_rank_clip \
	tests/unit/test_rank_clip_net \
	tests/unit/test_rank_clip_train \
	tests/unit/test_report \
	tests/unit/test_report_curves \
	tests/unit/test_report_json \
	tests/unit/test_service_edit \
	tests/unit/test_sim_cells \
	tests/unit/test_sim_chain \
	tests/unit/test_sim_convert \
	tests/unit/test_sim_devices \
	tests/unit/test_sim_devices_exact \
	tests/unit/test_sim_draw \
	tests/unit/test_sim_drawn \
	tests/unit/test_sim_ideal \
	tests/unit/test_sim_irdrop \
	tests/unit/test_sim_irdrop_direct \
	tests/unit/test_sim_layout \
	tests/unit/test_sim_ops \
	tests/unit/test_sim_product \
	tests/unit/test_sim_product8 \
	tests/unit/test_sim_product_noise \
	tests/unit/test_sim_settings \
	tests/unit/test_sim_shared \
	tests/unit/test_sim_trials \
	tests/unit/test_sim_windows \
	tests/unit/test_train_batches \
	tests/unit/test_train_checkpoint \
	tests/unit/test_train_edit \
	tests/unit/test_train_edit_merge \
	tests/unit/test_train_edit_merge_run \
	tests/unit/test_train_edit_refused \
	tests/unit/test_train_edit_remove \
	tests/unit/test_train_gradient \
	tests/unit/test_train_identity \
	tests/unit/test_train_init \
	tests/unit/test_train_loss \
	tests/unit/test_train_optim \
	tests/unit/test_train_params \
	tests/unit/test_train_recipe \
	tests/unit/test_train_run \
	tests/unit/test_train_statistics \
	tests/unit/test_train_unshare
EXTRA_DIST += \
	tests/unit/back_cases_dense.h \
	tests/unit/back_cases_elementwise.h \
	tests/unit/back_cases_move.h \
	tests/unit/back_kit.h \
	tests/unit/base_opts_kit.h \
	tests/unit/base_out_kit.h \
	tests/unit/data_kit.h \
	tests/unit/dnnl_train_kit.h \
	tests/unit/group_delete_kit.h \
	tests/unit/group_delete_run_kit.h \
	tests/unit/hw_fixture.h \
	tests/unit/hw_host.h \
	tests/unit/infer_kit.h \
	tests/unit/ir_graph_some.h \
	tests/unit/ir_text_some.h \
	tests/unit/irdrop_kit.h \
	tests/unit/nn_kit.h \
	tests/unit/onnx_model.h \
	tests/unit/pass_kit.h \
	tests/unit/pass_train_kit.h \
	tests/unit/pipe_kit.h \
	tests/unit/pipe_read_kit.h \
	tests/unit/pipe_run_kit.h \
	tests/unit/pipe_run_plugin.h \
	tests/unit/prune_units_kit.h \
	tests/unit/rank_clip_kit.h \
	tests/unit/ref_net.h \
	tests/unit/report_kit.h \
	tests/unit/sim_chip_kit.h \
	tests/unit/sim_kit.h \
	tests/unit/sim_product_kit.h \
	tests/unit/suite.h \
	tests/unit/tape_kit.h \
	tests/unit/tape_nets.h \
	tests/unit/train_edit_kit.h \
	tests/unit/train_edit_layers.h \
	tests/unit/train_edit_nets.h \
	tests/unit/train_kit.h \
	tests/unit/watched_kit.h
if HAVE_CHECK
LDADD = $(XBARC_LIBS) $(CHECK_LIBS)
check_PROGRAMS += $(UNIT_TESTS)
TESTS += $(UNIT_TESTS)
endif

TEST_EXTENSIONS = .test .sh
TEST_LOG_COMPILER = $(PERL_OR_PERL) $(srcdir)/tests/tools/xcheck
SH_LOG_COMPILER = $(SHELL)
PERL_OR_PERL = perl
AM_TESTS_ENVIRONMENT = srcdir='$(srcdir)'; XBARC='$(abs_top_builddir)/tests/xbarc'; CC='$(CC)'; \
	abs_srcdir='$(abs_srcdir)'; abs_builddir='$(abs_builddir)'; CK_DEFAULT_TIMEOUT=600; \
	export srcdir XBARC CC abs_srcdir abs_builddir CK_DEFAULT_TIMEOUT;

# The ONNX suite (libonnx-testdata), in one process that forks only to survive a crash.
check_PROGRAMS += tests/onnx/suite
tests_onnx_suite_SOURCES = tests/onnx/suite.c tests/onnx/case.c tests/onnx/case.h
tests_onnx_suite_CPPFLAGS = $(AM_CPPFLAGS) $(PROTOBUFC_CFLAGS)
tests_onnx_suite_LDADD = $(XBARC_LIBS)

CLI_TESTS = tests/cli/broken-pipe.test tests/cli/cut-short.test tests/cli/diag-json.test tests/cli/dropout.test tests/cli/emit-partial.test tests/cli/eval-cifar10.test tests/cli/eval-mnist.test tests/cli/eval-shape.test tests/cli/example-mnist.test tests/cli/float64.test tests/cli/full-disk.test tests/cli/group-delete-fails.test tests/cli/group-delete.test tests/cli/group-scissor-kept.test tests/cli/group-scissor.test tests/cli/hardware-errors.test tests/cli/hardware-name.test tests/cli/help-units.test tests/cli/help.test tests/cli/inspect.test tests/cli/instruments.test tests/cli/interrupt.test tests/cli/irdrop-errors.test tests/cli/irdrop-map.test tests/cli/irdrop.test tests/cli/list.test tests/cli/mnist-8-outputs.test tests/cli/model-bitflips.test tests/cli/model-missing.test tests/cli/model-truncated.test tests/cli/opt-roundtrip.test tests/cli/out-folder.test tests/cli/out-manifest.test tests/cli/out-of-memory.test tests/cli/out-place.test tests/cli/own-files.test tests/cli/passes-doc.test tests/cli/pipeline-names.test tests/cli/pipeline-needs.test tests/cli/pipeline-order.test tests/cli/pipeline-print.test tests/cli/prune-units.test tests/cli/prune-weights.test tests/cli/rank-clip-refused.test tests/cli/rank-clip.test tests/cli/report-formats.test tests/cli/report-keys.test tests/cli/report-rollback.test tests/cli/run-names.test tests/cli/same-bytes.test tests/cli/set.test tests/cli/simulate-errors.test tests/cli/simulate-picture.test tests/cli/simulate-report.test tests/cli/simulate-settings.test tests/cli/simulate-study.test tests/cli/simulate.test tests/cli/symbolic-size.test tests/cli/train-data.test tests/cli/train-diverged.test tests/cli/train-flags.test tests/cli/train-full-disk.test tests/cli/train-interrupt.test tests/cli/train-kill.test tests/cli/train-log.test tests/cli/train-pass.test tests/cli/train-places.test tests/cli/train-threads.test tests/cli/usage.test tests/cli/verify-manifest.test tests/cli/verify-not-ours.test tests/cli/verify.test tests/cli/yaml-anchor.test tests/cli/yaml-duplicate.test tests/cli/yaml-tab.test tests/cli/yaml-variable.test tests/smoke.test
PEER_TESTS = tests/peers/cholmod.sh tests/peers/html.sh tests/peers/ngspice.sh tests/peers/ort.sh tests/peers/torch.sh tests/peers/train.sh
TESTS += tests/plugins.sh tests/training-pass.sh tests/layering.sh $(CLI_TESTS) tests/onnx.sh
EXTRA_DIST += tests/plugins.sh tests/training-pass.sh $(CLI_TESTS) $(PEER_TESTS) tests/layering.sh tests/onnx.sh tests/installcheck tests/check tests/allowed-skips \
	tests/tools/xcheck tests/xbarc.in tests/cli/data/report-keys.pl tests/onnx/unsupported.txt tests/peers/compare_npy.py tests/peers/ort_run.js tests/peers/torch_exports.py tests/peers/train_torch.py tests/peers/cholmod.c tests/peers/array_csv.awk tests/peers/array_netlist.awk 
