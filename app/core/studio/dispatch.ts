/** From a message to a handler: what arrives is checked, what fails becomes a WireError. Every host's way in. */
import type { Answer, Method } from '../../contract/api.ts';
import { AppError, toAppError } from '../../contract/errors.ts';
import type { CallContext, Handlers } from './handlers.ts';
import { SCHEMAS } from './schemas.ts';

/** Never throws, whatever it is given. */
export async function dispatch(
  handlers: Handlers,
  method: unknown,
  params: unknown,
  context: CallContext,
): Promise<Answer> {
  try {
    if (typeof method !== 'string' || !isMethod(method)) {
      throw new AppError('bad-request', 'There is no such method.');
    }
    const parsed = SCHEMAS[method].safeParse(params);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      const where = issue === undefined || issue.path.length === 0 ? 'what was sent' : issue.path.join('.');
      throw new AppError('bad-request', `${method}: ${where}: ${issue?.message ?? 'is not as it must be'}.`);
    }
    const handler = handlers[method] as (params: unknown, context: CallContext) => Promise<unknown>;
    return { ok: true, result: await handler(parsed.data, context) };
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'internal') console.error(thrown);
    return { ok: false, error: { code: error.code, message: error.message } };
  }
}

function isMethod(name: string): name is Method {
  return Object.hasOwn(SCHEMAS, name);
}
