/** Entry of glide's worker threads. */
import { serveTeam } from '../../kernels/serve.ts';
import { analyse, prepare } from './analyse.ts';
import { synthesise } from './synthesise.ts';

serveTeam({ prepare, analyse, synthesise });
