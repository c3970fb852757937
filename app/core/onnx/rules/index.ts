/** Every operator a graph may use, with its shape rule (opset 16; names and attributes are those of ONNX). */
import { ARITHMETIC } from './arithmetic.ts';
import { ARRANGE } from './arrange.ts';
import { REDUCE } from './reduce.ts';
import type { Rule } from './rule.ts';
import { WINDOWS } from './windows.ts';

const RULES = new Map<string, Rule>(Object.entries({ ...ARITHMETIC, ...ARRANGE, ...REDUCE, ...WINDOWS }));

/** The rule of an operator; undefined for one that is not supported. */
export function ruleOf(op: string): Rule | undefined {
  return RULES.get(op);
}

/** The names of all operators supported, in no special order. */
export function operators(): readonly string[] {
  return [...RULES.keys()];
}
