package kms

import (
	"encoding/asn1"
	"errors"
	"math/big"
)

const half = 32 // bytes of r and of s on P-256

// fixed turns the DER of RFC 3279, section 2.2.3, which KMS returns, into the
// fixed width of RFC 7518, section 3.4.
func fixed(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	rest, err := asn1.Unmarshal(der, &sig)
	if err != nil || len(rest) > 0 || !fits(sig.R) || !fits(sig.S) {
		return nil, errors.New("kms: sign: unreadable signature")
	}
	out := make([]byte, 2*half)
	sig.R.FillBytes(out[:half])
	sig.S.FillBytes(out[half:])
	return out, nil
}

func fits(n *big.Int) bool { return n.Sign() > 0 && n.BitLen() <= 8*half }
