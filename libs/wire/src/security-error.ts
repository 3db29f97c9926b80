export type SecurityFault =
  /** Another security object is open in this process. */
  | 'SECURITY_ALREADY_OPEN'
  /** A connection to a peer whose public key is not on the list. */
  | 'PEER_UNKNOWN'
  | 'KEYS_MISSING'
  | 'KEYS_UNREADABLE'
  | 'KEYS_INVALID'
  /** Others than the owner can read a secret, or write the list of who is let in. */
  | 'KEYS_EXPOSED'
  /** There is a set already, and it was not asked to replace it. */
  | 'KEYS_EXIST'
  /** The folder holds other things than keys. */
  | 'KEYS_FOLDER_TAKEN';

/** A fault of keys or of their use that a restart does not help. Its message and cause never hold a secret. */
export class SecurityError extends Error {
  readonly code: SecurityFault;
  /** A process that this error ends need not be started again. */
  readonly unrecoverable = true;

  constructor(code: SecurityFault, message: string) {
    super(message);
    this.name = 'SecurityError';
    this.code = code;
  }
}
