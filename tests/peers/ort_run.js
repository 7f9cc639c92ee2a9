// usage: node ort_run.js MODEL.onnx IN.npy OUT.npy: ONNX Runtime on the model's only input, float32.
const fs = require('fs');
const ort = require('onnxruntime-node');

function readNpy(path) {
  const b = fs.readFileSync(path);
  const n = b.readUInt16LE(8);
  const header = b.toString('latin1', 10, 10 + n);
  const shape = /'shape': \(([^)]*)\)/.exec(header)[1].split(',').filter((s) => s.trim()).map(Number);
  return new ort.Tensor('float32', new Float32Array(b.buffer.slice(b.byteOffset + 10 + n, b.byteOffset + b.length)), shape);
}

function writeNpy(path, t) {
  let header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${t.dims.join(', ')},), }`;
  header += ' '.repeat(63 - ((10 + header.length) % 64)) + '\n';
  const head = Buffer.alloc(10);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(header.length, 8);
  fs.writeFileSync(path, Buffer.concat([head, Buffer.from(header), Buffer.from(t.data.buffer, t.data.byteOffset, t.data.byteLength)]));
}

(async () => {
  const [model, input, output] = process.argv.slice(2);
  const session = await ort.InferenceSession.create(model, {intraOpNumThreads: 1, executionMode: 'sequential'});
  const result = await session.run({[session.inputNames[0]]: readNpy(input)});
  writeNpy(output, result[session.outputNames[0]]);
})().catch((e) => { console.error(String(e)); process.exit(1); });
