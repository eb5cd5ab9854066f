/**
 * Version 5: a copy of a span whose making was undone says no more what it is a copy of, as one that a person took out
 * still does. Until then both stood alike, and the history alone says which of the two it was.
 */
export const undoneCopies = `
UPDATE spans SET base = NULL
WHERE retracted = 1 AND base IS NOT NULL AND 'undo' = (
  SELECT h.kind FROM history h, json_each(h.patches) p
  WHERE h.annotation_id = spans.annotation_id
    AND json_extract(p.value, '$.id') = spans.span_id
    AND json_extract(p.value, '$.after.retracted') = 1
  ORDER BY h.sequence DESC LIMIT 1);
`
