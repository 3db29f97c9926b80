import assert from 'node:assert/strict';
import { test } from 'node:test';
import { curveKeyPair } from 'zeromq';
import { generateKeyPair, isKey, keyPair, keyText, publicKeyOf } from '../src/curve-key.ts';

// The test vector of ZeroMQ RFC 26 (CurveZMQ), as libzmq's own documentation shows it.
const DOCUMENTED = {
  publicKey: 'Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID',
  secretKey: 'D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs',
};

test('a generated pair is two keys that belong together', () => {
  for (let n = 0; n < 50; n += 1) {
    const { publicKey, secretKey } = generateKeyPair();
    assert.ok(isKey(publicKey) && isKey(secretKey));
    assert.equal(publicKeyOf(secretKey), publicKey);
    assert.notEqual(publicKeyOf(secretKey), generateKeyPair().publicKey);
  }
});

test("the public half of a secret is the one that libzmq's documentation pairs it with", () => {
  assert.equal(publicKeyOf(DOCUMENTED.secretKey), DOCUMENTED.publicKey);
});

test('bytes are written as Z85', () => {
  // The test vector of ZeroMQ RFC 32.
  assert.equal(keyText(Buffer.from('864fd26fb559f75b', 'hex')), 'HelloWorld');
  assert.equal(keyText(Buffer.alloc(32, 0xff)), '%nSc0'.repeat(8));
});

test('what is no key is told from one', () => {
  const { publicKey } = curveKeyPair();
  const wrong = ['', publicKey.slice(1), `${publicKey}0`, `${publicKey.slice(1)} `, '#'.repeat(40), 7, null, undefined];
  for (const text of wrong) assert.equal(isKey(text), false, String(text));
});

test('a pair keeps its secret from copies', () => {
  const pair = keyPair(DOCUMENTED.publicKey, DOCUMENTED.secretKey);
  assert.equal(pair.secretKey, DOCUMENTED.secretKey);
  assert.deepEqual(Object.entries({ ...pair }), [['publicKey', DOCUMENTED.publicKey]]);
});
