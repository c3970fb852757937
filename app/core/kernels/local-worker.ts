/** Entry of local convolution's worker threads. */
import { convolve } from './local-task.ts';
import { serveTeam } from './serve.ts';

serveTeam({ convolve });
