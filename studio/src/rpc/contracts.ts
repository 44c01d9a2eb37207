import type {
  ChunkOf,
  Contract,
  ParamsOf,
  ResultOf,
  StreamMethodName,
  UnaryMethodName,
} from '@cyberdevstudio/server/base/contract.ts';
import type { agentsContract } from '@cyberdevstudio/server/modules/agents/contract.ts';
import type { authContract } from '@cyberdevstudio/server/modules/auth/contract.ts';
import type { connectionsContract } from '@cyberdevstudio/server/modules/connections/contract.ts';
import type { eventsContract } from '@cyberdevstudio/server/modules/events/contract.ts';
import type { ledgerContract } from '@cyberdevstudio/server/modules/ledger/contract.ts';
import type { llmContract } from '@cyberdevstudio/server/modules/llm/contract.ts';
import type { mcpContract } from '@cyberdevstudio/server/modules/mcp/contract.ts';
import type { projectsContract } from '@cyberdevstudio/server/modules/projects/contract.ts';
import type { sandboxContract } from '@cyberdevstudio/server/modules/sandbox/contract.ts';
import type { searchContract } from '@cyberdevstudio/server/modules/search/contract.ts';
import type { siteContract } from '@cyberdevstudio/server/modules/site/contract.ts';

/** The contracts that the studio calls, as types only: nothing of the server reaches the browser. */
type Contracts =
  | typeof agentsContract
  | typeof authContract
  | typeof connectionsContract
  | typeof eventsContract
  | typeof ledgerContract
  | typeof llmContract
  | typeof mcpContract
  | typeof projectsContract
  | typeof sandboxContract
  | typeof searchContract
  | typeof siteContract;

type NamesOf<C> = C extends Contract ? keyof C['methods'] & string : never;
type StreamNamesOf<C> = C extends Contract ? StreamMethodName<C> : never;
type UnaryNamesOf<C> = C extends Contract ? UnaryMethodName<C> : never;
type ContractWith<Name extends string> = Extract<Contracts, { methods: { [K in Name]: unknown } }>;

export type MethodName = NamesOf<Contracts>;
export type StreamName = StreamNamesOf<Contracts>;
export type UnaryName = UnaryNamesOf<Contracts>;
export type Params<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ParamsOf<C, M> : never;
export type Result<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ResultOf<C, M> : never;
export type Chunk<M extends MethodName> =
  ContractWith<M> extends infer C extends Contract ? ChunkOf<C, M> : never;
