import { queryClient } from '../../app/query-client.ts';
import type { Result } from '../../rpc/contracts.ts';

/** An account, as administrators see it. */
export type Person = Result<'admin.users.list'>['users'][number];

export const roles = ['viewer', 'developer', 'admin'] as const;

/** Reads every list of accounts again that is shown now. */
export const refreshUsers = () => queryClient.invalidateQueries({ queryKey: ['users'] });
