# Benchmarks: run by hand, results committed.
EXTRA_DIST += \
	bench/README.md \
	bench/infer/infer.c \
	bench/infer/models.py \
	bench/infer/run \
	bench/irdrop/irdrop.c \
	bench/irdrop/run \
	bench/local.mk \
	bench/models/make_models.py \
	bench/program \
	bench/results/group-scissor-lenet.svg \
	bench/results/group-scissor-lenet.tsv \
	bench/results/infer.tsv \
	bench/results/irdrop.tsv \
	bench/results/sim-alpha.svg \
	bench/results/sim-alpha.tsv \
	bench/results/sim-sigma.svg \
	bench/results/sim-sigma.tsv \
	bench/results/sim.tsv \
	bench/results/train.tsv \
	bench/sim-study/run \
	bench/sim/net.c \
	bench/sim/product.c \
	bench/sim/run \
	bench/train/compare.py \
	bench/train/run \
	bench/train/train.c \
	bench/vgg16/make_vgg16.py \
	bench/vgg16/run
