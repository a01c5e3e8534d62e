/**
 * Marks words that people read, for the catalogues of vbqkit/language. Here they stay English: when Python puts the script
 * together (vbqkit/page/javascript.py), each marked template becomes a plain one in the language that is read.
 * @param {TemplateStringsArray} words @param {...unknown} values
 */
export const _ = (words, ...values) => words.reduce((text, part, i) => text + values[i - 1] + part);
