package fakekms_test

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"

	"cedula/infra/lambdatest/fakekms"
)

var ctx = context.Background()

func newClient(t *testing.T) *kms.Client {
	t.Helper()
	keys, err := fakekms.New()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(keys)
	t.Cleanup(server.Close)
	return kms.New(kms.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL),
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "secret"}, nil
		}),
	})
}

func TestDataKeys(t *testing.T) {
	c := newClient(t)
	id, about := aws.String(fakekms.WrappingKeyID), map[string]string{"a": "1", "b": "2"}
	in := &kms.GenerateDataKeyInput{KeyId: id, KeySpec: types.DataKeySpecAes256, EncryptionContext: about}
	first, err := c.GenerateDataKey(ctx, in)
	if err != nil || len(first.Plaintext) != 32 || bytes.Contains(first.CiphertextBlob, first.Plaintext) {
		t.Fatalf("data key of %d bytes, error = %v, want 32 bytes that the ciphertext hides", len(first.Plaintext), err)
	}
	if second, err := c.GenerateDataKey(ctx, in); err != nil || bytes.Equal(second.Plaintext, first.Plaintext) {
		t.Errorf("second data key is equal to the first, or error = %v", err)
	}
	got, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: id, CiphertextBlob: first.CiphertextBlob, EncryptionContext: map[string]string{"b": "2", "a": "1"}})
	if err != nil || !bytes.Equal(got.Plaintext, first.Plaintext) {
		t.Errorf("decrypted key differs, or error = %v", err)
	}
	for name, in := range map[string]*kms.DecryptInput{
		"another context": {KeyId: id, CiphertextBlob: first.CiphertextBlob, EncryptionContext: map[string]string{"a": "1"}},
		"no context":      {KeyId: id, CiphertextBlob: first.CiphertextBlob},
		"damaged":         {KeyId: id, CiphertextBlob: first.CiphertextBlob[1:], EncryptionContext: about},
	} {
		var want *types.InvalidCiphertextException
		if _, err := c.Decrypt(ctx, in); !errors.As(err, &want) {
			t.Errorf("%s: error = %v, want InvalidCiphertextException", name, err)
		}
	}
	var want *types.NotFoundException
	if _, err := c.Decrypt(ctx, &kms.DecryptInput{KeyId: aws.String(fakekms.SigningKeyID), CiphertextBlob: first.CiphertextBlob}); !errors.As(err, &want) {
		t.Errorf("decryption with the signing key: error = %v, want NotFoundException", err)
	}
	if _, err := c.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: id}); !errors.As(err, &want) {
		t.Errorf("public key of the wrapping key: error = %v, want NotFoundException", err)
	}
}
