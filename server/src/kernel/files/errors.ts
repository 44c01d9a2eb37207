import { type Fault, fault, isFault } from '#base/fault.ts';
import { errnoOf } from './descriptor.ts';
import { shown } from './workspace-path.ts';

/** Turns a system error of a file operation into the fault a client may see; anything unknown stays as it is. */
export function asFileFault(error: unknown, path: string): unknown {
  if (isFault(error)) return error;
  const data = { path: shown(path) };
  const make = (code: string, extra: Record<string, unknown> = {}): Fault =>
    fault(code, { ...data, ...extra }, { cause: error });
  switch (errnoOf(error)) {
    case 'ENOENT':
    case 'ESTALE':
      return make('files.not_found');
    case 'EEXIST':
      return make('files.exists');
    case 'ENOTDIR':
      return make('files.not_a_folder');
    case 'EISDIR':
      return make('files.not_a_file');
    case 'ENOTEMPTY':
      return make('files.not_empty');
    case 'ELOOP':
    case 'EXDEV':
      return make('files.path_escapes');
    case 'EINVAL':
      return make('files.path_invalid', { reason: 'it lies inside of what is moved' });
    case 'ENAMETOOLONG':
      return make('files.path_invalid', { reason: 'it is too long' });
    case 'ENXIO':
    case 'ENODEV':
      return make('files.special_file');
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return make('files.not_permitted');
    case 'ENOSPC':
    case 'EDQUOT':
      return make('files.disk_full');
    case 'EMFILE':
    case 'ENFILE':
      return make('files.busy');
    default:
      return error;
  }
}

/** Runs a file operation and reports system errors as faults about `path`. */
export async function reporting<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw asFileFault(error, path);
  }
}
