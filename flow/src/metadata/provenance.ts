import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { releaseManifestName } from '../core/layout.ts';
import type { FlowContext } from '../core/step.ts';
import { flowVersion, type SourceInfo } from './source-info.ts';

/**
 * An in-toto statement (v1) with an SLSA provenance predicate (v1): which commit and which locked packages `release.json` was made
 * from, and by what. Its subject is the manifest alone, which holds the SHA-256 of every file. No times and no machine: the same
 * commit gives the same bytes everywhere.
 */
export async function renderProvenance(input: {
  context: FlowContext;
  source: SourceInfo;
  manifestText: string;
}): Promise<string> {
  const { context, source } = input;
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: releaseManifestName, digest: { sha256: sha256(input.manifestText) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: {
      buildDefinition: {
        buildType: 'urn:cyberdevstudio:flow:release:v1',
        externalParameters: { environment: context.environment, dirty: source.dirty },
        internalParameters: {},
        resolvedDependencies: [...sourceOf(source), ...(await lockFile(context.rootDir))],
      },
      runDetails: {
        builder: { id: 'urn:cyberdevstudio:flow', version: { 'cds flow': flowVersion() } },
        metadata: {},
      },
    },
  };
  return `${JSON.stringify(statement, null, 2)}\n`;
}

function sourceOf({ commit, repository }: SourceInfo) {
  if (commit === null) return [];
  return [
    { name: 'source', ...(repository === null ? {} : { uri: repository }), digest: { gitCommit: commit } },
  ];
}

async function lockFile(rootDir: string) {
  const name = 'package-lock.json';
  const text = await readFile(path.join(rootDir, name)).catch(() => null);
  return text === null ? [] : [{ name, digest: { sha256: sha256(text) } }];
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
