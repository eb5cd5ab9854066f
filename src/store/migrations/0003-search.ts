/**
 * Version 3: search in the queue, an index of the words of prompts and answers (a ninth of the texts' size; an index
 * of every three characters was four times their size). The texts themselves stay in their tables, and since they
 * never change the index needs no upkeep.
 */
export const search = `
CREATE VIRTUAL TABLE search USING fts5(title, text, content='', tokenize='unicode61 remove_diacritics 2');
INSERT INTO search (rowid, title, text)
  SELECT r.position, d.title, r.text FROM responses r JOIN documents d USING (document_id);
CREATE TRIGGER responses_are_searchable AFTER INSERT ON responses BEGIN
  INSERT INTO search (rowid, title, text)
    SELECT new.position, d.title, new.text FROM documents d WHERE d.document_id = new.document_id;
END;
`
