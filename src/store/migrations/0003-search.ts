/**
 * Version 3: search in the queue, an index of the words of prompts and answers (a ninth of the texts' size; an index
 * of every three characters was four times their size). The texts themselves stay in their tables. Answers are
 * indexed in order of arrival, in batches, some time after they came: `search.ts`.
 */
export const search = `
CREATE VIRTUAL TABLE search USING fts5(title, text, content='', tokenize='unicode61 remove_diacritics 2');
INSERT INTO search (rowid, title, text)
  SELECT r.position, d.title, r.text FROM responses r JOIN documents d USING (document_id);
`
