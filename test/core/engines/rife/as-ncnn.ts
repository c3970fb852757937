/** RIFE 4.x as an ncnn network, the way published ones are written: every step at the picture's size, beta as numbers of the network. */
import { shuffles, type RifeConfig } from '../../../../app/core/engines/rife/config.ts';
import { permute } from '../../../../app/core/engines/weights.ts';
import type { Tensor } from '../../../../app/core/onnx/graph.ts';
import { kernel, plain, type Piece } from './ncnn-support.ts';

export interface Written {
  readonly lines: readonly string[];
  readonly pieces: readonly Piece[];
}

export function asNcnn(config: RifeConfig, dict: ReadonlyMap<string, Tensor>): Written {
  const lines = ['Input in0 0 1 in0', 'Input in1 0 1 in1', 'Input in2 0 1 in2'];
  const pieces: Piece[] = [];
  const tensor = (name: string): Tensor => dict.get(name)!;
  const numbers = (name: string): number[] => Array.from(tensor(name).data as Float32Array);
  const emit = (type: string, ins: readonly string[], settings: string, output = `b${lines.length}`): string => {
    lines.push(`${type} layer${lines.length} ${ins.length} 1 ${[...ins, output].join(' ')} ${settings}`);
    return output;
  };
  const conv = (name: string, x: string, stride: number, end = '', group = 1): string => {
    const { dims, data } = tensor(`${name}.weight`);
    pieces.push(kernel(Array.from(data as Float32Array)), plain(numbers(`${name}.bias`)));
    const settings = `0=${dims[0]} 1=3 3=${stride} 4=1 5=1 6=${data.length} ${end}`;
    return group === 1
      ? emit('Convolution', [x], settings)
      : emit('ConvolutionDepthWise', [x], `${settings} 7=${group}`);
  };
  const up = (name: string, x: string): string => {
    const { dims, data } = tensor(`${name}.weight`);
    pieces.push(kernel(Array.from(permute(data as Float32Array, dims, [1, 0, 2, 3]))), plain(numbers(`${name}.bias`)));
    return emit('Deconvolution', [x], `0=${dims[1]} 1=4 3=2 4=1 5=1 6=${data.length}`);
  };
  const leaky = '9=2 -23310=1,2.000000e-01';
  const layer = (name: string, x: string, stride: number): string => {
    if (config.activation === 'leaky') return conv(`${name}.0`, x, stride, leaky);
    const made = conv(`${name}.0`, x, stride);
    pieces.push(plain(numbers(`${name}.1.weight`)));
    return emit('PReLU', [made], `0=${tensor(`${name}.1.weight`).data.length}`);
  };
  const resize = (x: string, by: number): string => emit('Interp', [x], by === 1 ? '0=2' : `0=2 1=${by} 2=${by}`);
  const times = (x: string, by: number): string => emit('BinaryOp', [x], `0=2 1=1 2=${by}`);
  const part = (x: string, from: number, to: number): string =>
    emit('Crop', [x], `-23309=1,${from} -23310=1,${to} -23311=1,0`);
  const residual = (name: string, x: string): string => {
    const raw = conv(`${name}.conv`, x, 1, '', config.groups);
    pieces.push(plain(numbers(`${name}.beta`)));
    const beta = emit('MemoryData', [], `0=1 1=1 2=${tensor(`${name}.beta`).data.length}`);
    return emit('ReLU', [emit('BinaryOp', [emit('BinaryOp', [raw, beta], '0=2'), x], '0=0')], '0=0.2');
  };

  const block = (n: number, seen: string, flow: string | null, scale: number) => {
    let x = resize(seen, 1 / scale);
    if (flow !== null) x = emit('Concat', [x, times(resize(flow, 1 / scale), 1 / scale)], '');
    x = layer(`block${n}.conv0.0`, x, 2);
    const entered = layer(`block${n}.conv0.1`, x, 2);
    x = entered;
    for (let k = 0; k < 8; k++) {
      const name = `block${n}.convblock.${k}`;
      x = config.body === 'plain' ? layer(name, x, 1) : residual(name, x);
    }
    if (config.skip) x = emit('BinaryOp', [x, entered], '');
    let given = up(shuffles(config) ? `block${n}.lastconv.0` : `block${n}.lastconv`, x);
    if (shuffles(config)) given = emit('PixelShuffle', [given], '0=2');
    const by = shuffles(config) ? scale : 2 * scale;
    given = resize(given, by);
    const feat = config.carried > 0 ? [part(given, 5, 5 + config.carried)] : [];
    return { flow: times(part(given, 0, 4), by), mask: part(given, 4, 5), feat };
  };

  const encode = (x: string): string => {
    if (config.encoder!.convolutions === 1) return up('encode.1', conv('encode.0', x, 2));
    const naming = config.encoder!.naming === 'head' ? ['cnn0', 'cnn1', 'cnn2', 'cnn3'] : ['0', '2', '4', '6'];
    let made = x;
    for (let n = 0; n < 3; n++) made = conv(`encode.${naming[n]}`, made, n === 0 ? 2 : 1, leaky);
    return up(`encode.${naming[3]}`, made);
  };

  const features = config.encoder ? [encode('in0'), encode('in1')] : [];
  let given: ReturnType<typeof block> | null = null;
  let warped = ['in0', 'in1'];
  config.scales.forEach((scale, n) => {
    if (!given) given = block(n, emit('Concat', ['in0', 'in1', ...features, 'in2'], ''), null, scale);
    else {
      const { flow, mask, feat }: ReturnType<typeof block> = given;
      const moved = features.map((each, i) => emit('rife.Warp', [each, part(flow, 2 * i, 2 * i + 2)], ''));
      const more = block(n, emit('Concat', [...warped, ...moved, 'in2', mask, ...feat], ''), flow, scale);
      const next = config.mask === 'add' ? emit('BinaryOp', [mask, more.mask], '0=0') : more.mask;
      given = { ...more, flow: emit('BinaryOp', [flow, more.flow], '0=0'), mask: next };
    }
    warped = ['in0', 'in1'].map((picture, i) => emit('rife.Warp', [picture, part(given!.flow, 2 * i, 2 * i + 2)], ''));
  });
  const weight = emit('Sigmoid', [given!.mask], '');
  const rest = emit('BinaryOp', [weight], '0=7 1=1 2=1.000000e+00');
  const parts = [emit('BinaryOp', [warped[0]!, weight], '0=2'), emit('BinaryOp', [warped[1]!, rest], '0=2')];
  emit('BinaryOp', parts, '0=0', 'out0');
  return { lines, pieces };
}
