import type { ChunkOf, Contract, ParamsOf, ResultOf } from '@cyberdevstudio/server/base/contract.ts';
import type { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import type { ledgerContract } from '@cyberdevstudio/server/modules/ledger/contract.ts';
import type { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import type { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';

/** The contracts that the studio calls, as types only: nothing of the server reaches the browser. */
type Contracts = [
  typeof authContract,
  typeof ledgerContract,
  typeof projectsContract,
  typeof sandboxContract,
];

type ContractWith<Name extends string> = Extract<Contracts[number], { methods: { [K in Name]: unknown } }>;
type Names<C> = C extends Contract ? keyof C['methods'] & string : never;

export type MethodName = Names<Contracts[number]>;
export type Params<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ParamsOf<C, M> : never;
export type Result<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ResultOf<C, M> : never;
export type Chunk<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ChunkOf<C, M> : never;
