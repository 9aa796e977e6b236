package encryption_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"cedula/infra/privacytest"
	"cedula/shared/encryption"
)

func TestMain(m *testing.M) { os.Exit(privacytest.Run(m)) }

const tenant, place = "acme", "0123456789abcdef01234567/email"

var ctx = context.Background()

// fixture is a FieldCipher on a local key.
type fixture struct {
	*encryption.FieldCipher
	wrapper *testWrapper
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{wrapper: &testWrapper{KeyWrapper: newLocalKeyWrapper(t, 1)}}
	f.FieldCipher = f.withEmptyCache()
	return f
}

// withEmptyCache returns a FieldCipher on the same key with nothing in memory.
func (f *fixture) withEmptyCache() *encryption.FieldCipher {
	return encryption.NewFieldCipher(f.wrapper, time.Now)
}

func (f *fixture) mustNewKey(t testing.TB, tenant string) []byte {
	t.Helper()
	wrapped, err := f.NewKey(ctx, tenant)
	if err != nil {
		t.Fatal(err)
	}
	return wrapped
}

func (f *fixture) mustEncrypt(t testing.TB, wrapped []byte, value string) []byte {
	t.Helper()
	ciphertext, err := f.Encrypt(ctx, tenant, wrapped, place, value)
	if err != nil {
		t.Fatal(err)
	}
	return ciphertext
}

// newLocalKeyWrapper returns a wrapper on a key that is all one byte.
func newLocalKeyWrapper(t testing.TB, b byte) *encryption.LocalKeyWrapper {
	t.Helper()
	l, err := encryption.NewLocalKeyWrapper(bytes.Repeat([]byte{b}, encryption.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// testWrapper counts the calls of the wrapper behind it and can make them fail.
type testWrapper struct {
	encryption.KeyWrapper
	err                  error               // of every call
	resize               func([]byte) []byte // what it does to a plain key; nil is nothing
	mu                   sync.Mutex
	keys                 [][]byte // copies of the plain keys
	plain                [][]byte // the plain keys as returned
	generated, unwrapped int
}

func (w *testWrapper) GenerateDataKey(ctx context.Context, tenant string) (plain, wrapped []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generated++
	if w.err != nil {
		return nil, nil, w.err
	}
	plain, wrapped, err = w.KeyWrapper.GenerateDataKey(ctx, tenant)
	return w.keep(plain), wrapped, err
}

func (w *testWrapper) Unwrap(ctx context.Context, tenant string, wrapped []byte) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unwrapped++
	if w.err != nil {
		return nil, w.err
	}
	plain, err := w.KeyWrapper.Unwrap(ctx, tenant, wrapped)
	return w.keep(plain), err
}

func (w *testWrapper) keep(plain []byte) []byte {
	if w.resize != nil {
		plain = w.resize(plain)
	}
	w.keys = append(w.keys, bytes.Clone(plain))
	w.plain = append(w.plain, plain)
	return plain
}

// wantCalls checks the calls since it was last called.
func (w *testWrapper) wantCalls(t *testing.T, when string, generated, unwrapped int) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.generated != generated || w.unwrapped != unwrapped {
		t.Errorf("%s: %d keys generated and %d unwrapped, want %d and %d", when, w.generated, w.unwrapped, generated, unwrapped)
	}
	w.generated, w.unwrapped = 0, 0
}

// wrapByHand wraps a key as a LocalKeyWrapper does whose key is all one byte.
func wrapByHand(t *testing.T, b byte, tenant string, plain []byte) []byte {
	t.Helper()
	return encryptByHand(t, b, plain, "cedula vault data key 1", tenant)
}

// encryptByHand encrypts under a key that is all one byte: nonce, ciphertext, tag.
func encryptByHand(t *testing.T, b byte, plain []byte, parts ...string) []byte {
	t.Helper()
	block, err := aes.NewCipher(bytes.Repeat([]byte{b}, 32))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	var additionalData []byte
	for _, p := range parts {
		additionalData = append(binary.BigEndian.AppendUint64(additionalData, uint64(len(p))), p...)
	}
	nonce := []byte("twelve bytes")
	return aead.Seal(nonce, nonce, plain, additionalData)
}

func flipBit(b []byte, bit int) []byte {
	b = slices.Clone(b)
	b[bit/8] ^= 1 << (bit % 8)
	return b
}
