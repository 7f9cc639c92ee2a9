# One pass = one file, and a folder of its name if it has parts. They see src/include alone.
PLUGIN_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/include
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^xbarc_plugin_query$$'
if BUILTIN
noinst_LIBRARIES += src/libplugins.a
src_libplugins_a_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DXBARC_BUILTIN
src_libplugins_a_SOURCES =
endif

pass_group_delete_parts = \
	passes/group-delete/compact.c \
	passes/group-delete/freeze.c \
	passes/group-delete/group-delete.h \
	passes/group-delete/groups.c \
	passes/group-delete/order.c \
	passes/group-delete/penalty.c \
	passes/group-delete/told.c \
	passes/group-delete/training.c
pass_prune_units_parts = \
	passes/prune-units/facts.c \
	passes/prune-units/net.c \
	passes/prune-units/plan.c \
	passes/prune-units/prune-units.h \
	passes/prune-units/rounds.c \
	passes/prune-units/score.c
pass_prune_weights_parts = \
	passes/prune-weights/choose.c \
	passes/prune-weights/layers.c \
	passes/prune-weights/prune-weights.h
pass_rank_clip_parts = \
	passes/rank-clip/allocate.c \
	passes/rank-clip/clip.c \
	passes/rank-clip/direct.c \
	passes/rank-clip/facts.c \
	passes/rank-clip/gate.c \
	passes/rank-clip/layers.c \
	passes/rank-clip/rank-clip.h \
	passes/rank-clip/spectrum.c

if BUILTIN
src_libplugins_a_SOURCES += passes/fine-tune.c passes/fold-bn.c passes/group-delete.c passes/map.c passes/place.c passes/prune-units.c passes/prune-weights.c passes/rank-clip.c $(pass_group_delete_parts) $(pass_prune_units_parts) $(pass_prune_weights_parts) $(pass_rank_clip_parts)
BUILTIN_PLUGINS += fine_tune fold_bn group_delete map place prune_units prune_weights rank_clip
else
pluginexec_LTLIBRARIES += passes/fine-tune.la passes/fold-bn.la passes/group-delete.la passes/map.la passes/place.la passes/prune-units.la passes/prune-weights.la passes/rank-clip.la
endif
passes_fine_tune_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_fine_tune_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_fine_tune_la_LIBADD = -lm
passes_fold_bn_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_fold_bn_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_fold_bn_la_LIBADD = -lm
passes_group_delete_la_SOURCES = passes/group-delete.c $(pass_group_delete_parts)
passes_group_delete_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_group_delete_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_group_delete_la_LIBADD = -lm
passes_map_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_map_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_map_la_LIBADD = -lm
passes_place_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_place_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_place_la_LIBADD = -lm
passes_prune_units_la_SOURCES = passes/prune-units.c $(pass_prune_units_parts)
passes_prune_units_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_prune_units_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_prune_units_la_LIBADD = -lm
passes_prune_weights_la_SOURCES = passes/prune-weights.c $(pass_prune_weights_parts)
passes_prune_weights_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_prune_weights_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_prune_weights_la_LIBADD = -lm
passes_rank_clip_la_SOURCES = passes/rank-clip.c $(pass_rank_clip_parts)
passes_rank_clip_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_rank_clip_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_rank_clip_la_LIBADD = -lm
