// Collects diagnostics; every rule of the checker speaks through it.
import type { Diagnostic, Span } from '../diagnostics/diagnostic.ts'

export class Report {
  readonly diagnostics: Diagnostic[] = []

  error(code: string, span: Span, message: string, help?: string): void {
    this.diagnostics.push({ code, severity: 'error', message, span, ...(help === undefined ? {} : { help }) })
  }

  warning(code: string, span: Span, message: string, help?: string): void {
    this.diagnostics.push({ code, severity: 'warning', message, span, ...(help === undefined ? {} : { help }) })
  }
}
