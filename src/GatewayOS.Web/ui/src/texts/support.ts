/** What is said of the support bundle. */
export const support = {
  title: 'Support bundle',
  lead: 'What somebody elsewhere needs to find out what is wrong, in one encrypted file. You see what it holds before it is made.',
  show: 'Show what it holds',
  file: 'File',
  size: 'Size',
  what: 'What is in it',
  cut: 'Cut off: there is more.',
  noSecrets: 'Keys, passwords, tokens and contents of backups are not in it.',
  passphrase: 'Passphrase',
  passphraseHint: '12 characters at least. The file opens with nothing else: tell it to the receiver another way than you send the file.',
  again: 'The same again',
  differs: 'The two differ.',
  make: 'Make and save it',
  made: 'The bundle is made. “gatewayctl support open” opens it.',
};
