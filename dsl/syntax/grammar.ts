// The grammar from above: a file and its declarations. It knows no verb, looks one token ahead and carries no actions; `build*.ts` read its
// tree. A parser is one object, so the parts are a chain of classes: values, conditions, phrases, one class for each block, and this.
import type { IToken, TokenType } from 'chevrotain'
import { MESSAGES } from './parse-errors.ts'
import { TestParser } from './grammar-test.ts'
import type { Rule } from './grammar-values.ts'
import * as T from './tokens.ts'

const K = T.K

export class PolicyParser extends TestParser {
  constructor() {
    super(MESSAGES)
    this.performSelfAnalysis()
  }

  protected override messageFor(expected: TokenType, actual: IToken, ruleName: string): string {
    return MESSAGES.buildMismatchTokenMessage({ expected, actual, previous: actual, ruleName })
  }

  readonly file: Rule = this.RULE('file', () => {
    this.MANY(() => this.SUBRULE(this.declaration))
  })

  private readonly declaration: Rule = this.RULE('declaration', () => {
    this.OR({
      ERR_MSG: 'declaration',
      DEF: [
        { ALT: () => this.SUBRULE(this.module) },
        { ALT: () => this.SUBRULE(this.import) },
        { ALT: () => this.SUBRULE(this.list) },
        { ALT: () => this.SUBRULE(this.const) },
        { ALT: () => this.SUBRULE(this.param) },
        { ALT: () => this.SUBRULE(this.attribute) },
        { ALT: () => this.SUBRULE(this.default) },
        { ALT: () => this.SUBRULE(this.detector) },
        { ALT: () => this.SUBRULE(this.policy) },
        { ALT: () => this.SUBRULE(this.exception) },
        { ALT: () => this.SUBRULE(this.overlay) },
        { ALT: () => this.SUBRULE(this.test) },
      ],
    })
  })

  // --- declarations of one line

  private readonly module: Rule = this.RULE('module', () => {
    this.CONSUME(K.module)
    this.SUBRULE(this.path)
    this.OPTION(() => {
      this.CONSUME(K.version)
      this.CONSUME(T.Text)
    })
  })

  private readonly import: Rule = this.RULE('import', () => {
    this.CONSUME(K.import)
    this.SUBRULE(this.path)
    this.OPTION(() => {
      this.CONSUME(K.as)
      this.CONSUME(T.Name)
    })
  })

  private readonly list: Rule = this.RULE('list', () => {
    this.CONSUME(K.list)
    this.CONSUME(T.Name)
    this.OR({
      ERR_MSG: 'listSource',
      DEF: [
        {
          ALT: () => {
            this.CONSUME(T.Assign)
            this.SUBRULE(this.listLiteral)
          },
        },
        {
          ALT: () => {
            this.CONSUME(K.from)
            this.CONSUME(T.Text)
          },
        },
      ],
    })
  })

  private readonly const: Rule = this.RULE('const', () => {
    this.CONSUME(K.const)
    this.CONSUME(T.Name)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
  })

  private readonly param: Rule = this.RULE('param', () => {
    this.CONSUME(K.param)
    this.CONSUME(T.Name)
    this.CONSUME(T.Colon)
    this.SUBRULE(this.typeName)
    this.CONSUME(T.Assign)
    this.SUBRULE(this.literal)
    this.MANY(() => this.SUBRULE(this.bound))
  })

  private readonly bound: Rule = this.RULE('bound', () => {
    this.OR([{ ALT: () => this.CONSUME(K.min) }, { ALT: () => this.CONSUME(K.max) }])
    this.SUBRULE(this.literal)
  })

  private readonly attribute: Rule = this.RULE('attribute', () => {
    this.CONSUME(K.attribute)
    this.SUBRULE(this.path)
    this.CONSUME(T.Colon)
    this.SUBRULE(this.typeName)
  })

  /** `text`, `number?`, `list of text` */
  private readonly typeName: Rule = this.RULE('typeName', () => {
    this.MANY(() => {
      this.CONSUME(K.list)
      this.CONSUME(K.of)
    })
    this.CONSUME(T.Name)
    this.OPTION(() => this.CONSUME(T.Question))
  })

  private readonly default: Rule = this.RULE('default', () => {
    this.CONSUME(K.default)
    this.CONSUME(T.Name, { LABEL: 'phase' })
    this.OR({
      ERR_MSG: 'verdict',
      DEF: [{ ALT: () => this.CONSUME(K.allow, { LABEL: 'verdict' }) }, { ALT: () => this.CONSUME2(T.Name, { LABEL: 'verdict' }) }],
    })
  })
}
