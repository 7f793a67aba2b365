// Collects diagnostics; every rule of the checker speaks through it.
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

export class Report {
  readonly diagnostics: Diagnostic[] = []

  error(code: string, span: Span, message: string, help?: string): void {
    this.diagnostics.push({ code, severity: 'error', message, span, ...(help === undefined ? {} : { help }) })
  }

  /** Something that stands in two places where it may stand in one; points at the first. */
  doubled(code: string, span: Span, first: Span, message: string, help: string): void {
    this.diagnostics.push({ code, severity: 'error', message, span, help, related: [{ span: first, message: 'it stands here first' }] })
  }

  warning(code: string, span: Span, message: string, help?: string): void {
    this.diagnostics.push({ code, severity: 'warning', message, span, ...(help === undefined ? {} : { help }) })
  }

  /** Takes over what was found elsewhere and is not known here. */
  adopt(found: readonly Diagnostic[]): void {
    const known = ({ code, span, message }: Diagnostic): boolean =>
      this.diagnostics.some(
        (one) => one.code === code && one.span.start === span.start && one.span.file === span.file && one.message === message,
      )
    this.diagnostics.push(...found.filter((one) => !known(one)))
  }
}
