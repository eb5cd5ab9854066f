/**
 * Version 4: which persons of kind `model` are critics, and of which version: their annotations are predictions, and
 * what a person makes of one is a correction of that version. A critic's next version is another person.
 */
export const critics = `
CREATE TABLE critics (
  person_id TEXT PRIMARY KEY REFERENCES persons (person_id),
  critic TEXT NOT NULL,
  version TEXT NOT NULL,
  UNIQUE (critic, version)
) STRICT, WITHOUT ROWID;
`
