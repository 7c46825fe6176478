/* What the shells' completion asks the client. */
#ifndef SONATA_CLI_COMPLETE_H
#define SONATA_CLI_COMPLETE_H

/* `sonata --complete WORDS…`: the words after `sonata` as typed so far, the last one is being completed ("" when nothing is typed yet). Prints what
 * may stand there, one a line, not yet filtered by its beginning; ":file" or ":folder" alone asks the shell for its own names. Searches and boards
 * are asked for at the master that the words, the environment or the configuration name, and left out when it does not answer at once. Returns 0. */
int complete(int n, char **word);

#endif
