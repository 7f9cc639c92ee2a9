EXTRA_DIST += \
	examples/packages \
	examples/quickstart \
	examples/digits/lenet.onnx \
	examples/digits/pipeline.yaml \
	examples/digits/train_lenet.py \
	examples/mnist/lenet.onnx \
	examples/mnist/pipeline.yaml \
	examples/cifar10/convnet.onnx \
	examples/cifar10/pipeline.yaml \
	examples/cifar10/train_convnet.py
