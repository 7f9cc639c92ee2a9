# One pass = one file. They see src/include alone.
PLUGIN_CPPFLAGS = -D_GNU_SOURCE -I$(top_srcdir)/src/include
PLUGIN_LDFLAGS = $(AM_LDFLAGS) -module -avoid-version -shared -export-symbols-regex '^xbarc_plugin_query$$'
if BUILTIN
noinst_LIBRARIES += src/libplugins.a
src_libplugins_a_CPPFLAGS = $(PLUGIN_CPPFLAGS) -DXBARC_BUILTIN
src_libplugins_a_SOURCES =
endif

if BUILTIN
src_libplugins_a_SOURCES += passes/fine-tune.c passes/fold-bn.c passes/map.c passes/place.c
BUILTIN_PLUGINS += fine_tune fold_bn map place
else
pluginexec_LTLIBRARIES += passes/fine-tune.la passes/fold-bn.la passes/map.la passes/place.la
endif
passes_fine_tune_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_fine_tune_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_fine_tune_la_LIBADD = -lm
passes_fold_bn_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_fold_bn_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_fold_bn_la_LIBADD = -lm
passes_map_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_map_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_map_la_LIBADD = -lm
passes_place_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
passes_place_la_LDFLAGS = $(PLUGIN_LDFLAGS)
passes_place_la_LIBADD = -lm
