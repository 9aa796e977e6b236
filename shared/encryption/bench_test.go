package encryption_test

import (
	"testing"

	"cedula/shared/encryption"
)

func BenchmarkEncrypt(b *testing.B) {
	f := newFixture(b)
	wrapped := f.mustNewKey(b, tenant)
	b.ReportAllocs()
	for b.Loop() {
		f.mustEncrypt(b, wrapped, "ana@example.com")
	}
}

// BenchmarkDecrypt decrypts with the data key in memory, and with one that a local key unwraps each time.
func BenchmarkDecrypt(b *testing.B) {
	f := newFixture(b)
	wrapped := f.mustNewKey(b, tenant)
	ciphertext := f.mustEncrypt(b, wrapped, "ana@example.com")
	for name, next := range map[string]func() *encryption.FieldCipher{
		"key cached":    func() *encryption.FieldCipher { return f.FieldCipher },
		"key unwrapped": f.withEmptyCache,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := next().Decrypt(ctx, tenant, wrapped, place, ciphertext); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
