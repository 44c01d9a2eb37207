import { commonFaults } from '#base/common-faults.ts';
import type { Contract } from '#base/contract.ts';
import { Fault, type FaultData, type FaultDefinition, fillText, type Language } from '#base/fault.ts';
import { backupFaults } from '../backup/backup-faults.ts';
import { databaseFaults } from '../database/database-faults.ts';
import { kernelFaults } from '../kernel-faults.ts';

/** A fault as a client may see it: no stack, no path, in the reader's language. */
export interface DescribedFault {
  readonly code: string;
  readonly status: number;
  readonly detail: string;
  readonly hint: string;
  readonly data: FaultData;
}

export interface FaultCatalogue {
  describe(error: unknown, reader: { language: Language; traceId: string }): DescribedFault;
  readonly definitions: ReadonlyMap<string, FaultDefinition>;
}

/** Gathers the fault tables of contracts. An error that is no fault, or has an unknown code, becomes common.internal. */
export function createFaultCatalogue(contracts: Iterable<Contract>): FaultCatalogue {
  const definitions = new Map<string, FaultDefinition>([
    ...Object.entries(commonFaults),
    ...Object.entries(kernelFaults),
    ...Object.entries(databaseFaults),
    ...Object.entries(backupFaults),
  ]);
  for (const contract of contracts) {
    for (const [code, definition] of Object.entries(contract.faults)) definitions.set(code, definition);
  }
  return {
    definitions,
    describe(error, { language, traceId }) {
      const definition = error instanceof Fault ? definitions.get(error.code) : undefined;
      if (!(error instanceof Fault) || definition === undefined) {
        const internal = commonFaults['common.internal'];
        const data = { traceId };
        return {
          code: 'common.internal',
          status: internal.status,
          detail: fillText(internal.detail[language], data),
          hint: internal.hint[language],
          data,
        };
      }
      return {
        code: error.code,
        status: definition.status,
        detail: fillText(definition.detail[language], error.data, language),
        hint: error.hint ?? fillText(definition.hint[language], error.data, language),
        data: error.data,
      };
    },
  };
}

const rpcCodes: Readonly<Record<number, number>> = {
  401: -32001,
  402: -32030,
  403: -32003,
  404: -32004,
  409: -32040,
  413: -32060,
  429: -32029,
  503: -32050,
};

/** The JSON-RPC error code of a fault (JSON-RPC 2.0 section 5.1, application codes of the platform). */
export function rpcCodeOf(described: { code: string; status: number }): number {
  switch (described.code) {
    case 'common.parse_error':
      return -32700;
    case 'common.invalid_request':
      return -32600;
    case 'common.method_not_found':
      return -32601;
    default:
      return (
        rpcCodes[described.status] ??
        (described.status < 500 ? -32602 : described.status === 504 ? -32050 : -32603)
      );
  }
}
