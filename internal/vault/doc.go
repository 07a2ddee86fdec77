// Package vault keeps records (tokens, signing keys, client secrets) so that
// none is ever lost, torn, or readable by another user.
//
// # Two halves
//
// One random 32-byte vault key lives in a key source: an item in the operating
// system's keyring, a key wrapped by a passphrase, or a key file. It is written
// once in the life of a vault and only read after that. Each record is a file
// of its own: a header in clear, and a body sealed by AES-256-GCM under a key
// derived from the vault key and the record's name. The header is the associated data,
// so neither it nor the file's place can be changed unnoticed.
//
// Tokens do not go into the keyring themselves because a keyring has small size
// limits, no compare-and-swap, rewrites itself whole, and may finish a write
// minutes after the caller gave up on it. With a key that is written once, every
// one of these is harmless.
//
// # Rules
//
//   - [Vault.Update] is the only way to change a record: lock, read again, decide,
//     seal, write beside, fsync, rename, fsync the directory. Whoever dies in
//     between leaves the old record or the new one.
//   - A new vault key is made only where nothing could have been sealed by an older
//     one: no record exists and no key was ever confirmed. A key that is
//     missing, damaged or wrong is an error with its own type, never a
//     reason to make another.
//   - The choice of key source is recorded and holds. There is no fallback here;
//     whoever wants another source says so before the vault exists.
//   - Nothing is deleted because of an error. A damaged record stays where it is
//     until [Vault.MoveAside] renames it.
//   - Files that others can read or could have planted are refused, with the path
//     and the command that mends it (row S07 of the threat catalogue).
//   - Every call to the keyring has a deadline, and on Linux a question to the bus
//     comes first that never prompts and never starts a bus (row S02).
//
// # On disk
//
//	DIR/vault.json              version, vault id, storage, key check; no secret in clear
//	DIR/vault.lock              shared while a record changes, exclusive while a vault is made
//	DIR/vault-ID.key            only with the key-file source
//	DIR/KIND/SLUG-HASH.rec      one record
//	DIR/KIND/SLUG-HASH.lock     its lock; never removed, because removing a lock file breaks the lock
//
// Directories are 0700 and files 0600 whatever the umask. Rollback of a whole
// file to an older version and programs running as the same user are outside
// what this package can prevent.
package vault
