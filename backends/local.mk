# One backend = one file, and a folder of its name if it has parts. They see src/include alone.
backend_report_parts = \
	backends/report/costs.c \
	backends/report/curves.c \
	backends/report/deleted.c \
	backends/report/measured.c \
	backends/report/run.c \
	backends/report/writer.h

if BUILTIN
src_libplugins_a_SOURCES += backends/layout.c backends/report.c $(backend_report_parts)
BUILTIN_PLUGINS += layout report
else
pluginexec_LTLIBRARIES += backends/layout.la backends/report.la
endif
backends_layout_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_layout_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_layout_la_LIBADD = -lm
backends_report_la_SOURCES = backends/report.c $(backend_report_parts)
backends_report_la_CPPFLAGS = $(PLUGIN_CPPFLAGS)
backends_report_la_LDFLAGS = $(PLUGIN_LDFLAGS)
backends_report_la_LIBADD = -lm
