# Packages to copy; built by users, tested by make installcheck.
EXTRA_DIST += \
	plugins/template/Makefile \
	plugins/template/README.md \
	plugins/template/round-weights.c \
	plugins/template/test.sh \
	plugins/template/tiny.xir
