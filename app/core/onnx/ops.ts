/** The typed operators, to be imported as a namespace: op.conv(g, x, weight, bias, { pad: 1 }). */
export * from './ops/arithmetic.ts';
export * from './ops/arrange.ts';
export * from './ops/windows.ts';
