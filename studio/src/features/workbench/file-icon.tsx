import {
  FileBraces,
  FileCode,
  FileCog,
  FileImage,
  FileText,
  File as FileUnknown,
  FlaskConical,
  type LucideIcon,
} from 'lucide-react';

const byEnding: Readonly<Record<string, LucideIcon>> = {
  json: FileBraces,
  jsonc: FileBraces,
  md: FileText,
  txt: FileText,
  rst: FileText,
  yml: FileCog,
  yaml: FileCog,
  toml: FileCog,
  ini: FileCog,
  env: FileCog,
  png: FileImage,
  jpg: FileImage,
  jpeg: FileImage,
  gif: FileImage,
  webp: FileImage,
  svg: FileImage,
};

const code =
  /\.(?:[cm]?[jt]sx?|py|rs|go|java|kt|c|h|cc|cpp|hpp|cs|php|rb|sh|bash|sql|html?|css|scss|less|vue|svelte|lua|swift)$/i;

/** A muted icon for a file by its name. */
export function FileIcon({ name, size = 14 }: { name: string; size?: number }) {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const isTest = /[.-](?:test|spec)\.\w+$/.test(name);
  const Icon = isTest ? FlaskConical : code.test(name) ? FileCode : (byEnding[ending] ?? FileUnknown);
  return <Icon size={size} className="text-muted" />;
}
