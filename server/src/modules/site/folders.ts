import path from 'node:path';

/** Where a project's site lies on this server. Nothing in these folders can be changed by the project's programs. */
export interface SiteFolders {
  readonly siteDir: string;
  /** A copy of the workspace; the flow's own cache and history lie in its `.flow`. */
  readonly sourceDir: string;
  readonly releaseDir: string;
  /** `releases/` and the link `current`: a web server's root may be that link. */
  readonly liveDir: string;
  /** For each built release, where its addresses begin at the root of the host; the flow writes it. */
  readonly previewDir: string;
  readonly reportFile: string;
}

export function siteFolders(dataDir: string, projectId: string): SiteFolders {
  const siteDir = path.join(dataDir, 'site', projectId);
  return {
    siteDir,
    sourceDir: path.join(siteDir, 'source'),
    releaseDir: path.join(siteDir, 'release'),
    liveDir: path.join(siteDir, 'live'),
    previewDir: path.join(siteDir, 'preview'),
    reportFile: path.join(siteDir, 'report.json'),
  };
}
