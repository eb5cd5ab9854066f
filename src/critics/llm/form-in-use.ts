import { forms, type Form } from './request'

/**
 * The form that a server takes, learnt while it is asked: one that refuses a schema with status 400 is asked for a JSON
 * object, then for text. Only a form that then works is kept, because a request can be refused for other reasons.
 */
export class FormInUse {
  private current: Form = forms[0]

  constructor(private readonly log: (line: string) => void) {}

  get form(): Form {
    return this.current
  }

  /** The next lower form, or null below the last. */
  below(form: Form): Form | null {
    return forms[forms.indexOf(form) + 1] ?? null
  }

  took(form: Form): void {
    if (forms.indexOf(form) <= forms.indexOf(this.current)) return
    this.log(`the critic's server does not take response_format ${this.current}; it is asked for ${form}`)
    this.current = form
  }
}
