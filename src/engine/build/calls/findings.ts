// `--call=check,format=json`: the findings of the build checks as BuildKit's clients read them. Pure.
import { ruleUrl, type Warning } from '../lint/rules.ts';
import { type Location, locationOf } from './tell.ts';

/** As BuildKit's `frontend.lint` answers. */
export interface Findings {
  warnings: { ruleName: string; description: string; url: string; detail: string; location: Location }[];
  /** The Dockerfile, in base64. */
  sources: { filename: string; language: 'Dockerfile'; data: string }[];
}

export function findingsOf(file: string, text: string, warnings: readonly Warning[]): Findings {
  return {
    warnings: warnings.map((warning) => ({
      ruleName: warning.rule,
      description: warning.advice,
      url: ruleUrl(warning.rule),
      detail: warning.detail,
      location: locationOf(warning),
    })),
    sources: [{ filename: file, language: 'Dockerfile', data: Buffer.from(text).toString('base64') }],
  };
}
