package store

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"cedula/shared/auth"
	"cedula/shared/identity"
)

// encoding gives the types of the packages identity and auth, which have no tags, their form in a record.
var encoding = joinCodecs(
	storedAs(func(v *identity.JSON) *jsontext.Value { return (*jsontext.Value)(v) }),
	storedAs(func(v *identity.Address) *addressRecord { return (*addressRecord)(v) }),
	storedAs(func(v *identity.BankAccount) *bankRecord { return (*bankRecord)(v) }),
	storedAs(func(v *identity.SecurityOptions) *securityRecord { return (*securityRecord)(v) }),
	storedAs(func(v *identity.AccessScope) *scopeRecord { return (*scopeRecord)(v) }),
	storedAs(func(v *identity.EncryptedField) *encryptedFieldRecord { return (*encryptedFieldRecord)(v) }),
	storedAs(func(v *auth.Secret) *secretRecord { return (*secretRecord)(v) }),
	newCodec(
		func(e *jsontext.Encoder, d *identity.Date) error { return e.WriteToken(jsontext.String(d.String())) },
		func(d *jsontext.Decoder, v *identity.Date) error {
			var text string
			err := json.UnmarshalDecode(d, &text)
			*v, _ = identity.ParseDate(text)
			return err
		},
	),
	newCodec(
		func(e *jsontext.Encoder, c *identity.AccessControl) error { return json.MarshalEncode(e, c.Scopes) },
		func(d *jsontext.Decoder, v *identity.AccessControl) error {
			err := json.UnmarshalDecode(d, &v.Scopes)
			if len(v.Scopes) == 0 {
				v.Scopes = nil // so that an update without a change writes nothing
			}
			return err
		},
	),
	newCodec(
		func(e *jsontext.Encoder, h *auth.Hash) error { return json.MarshalEncode(e, h[:]) },
		func(d *jsontext.Decoder, v *auth.Hash) error {
			var stored []byte
			err := json.UnmarshalDecode(d, &stored)
			if len(stored) == len(v) { // a damaged hash stays zero, which equals no other
				*v = auth.Hash(stored)
			}
			return err
		},
	),
)

// codec writes and reads the values of one type.
type codec struct {
	marshal   *json.Marshalers
	unmarshal *json.Unmarshalers
}

func newCodec[T any](write func(*jsontext.Encoder, *T) error, read func(*jsontext.Decoder, *T) error) codec {
	return codec{json.MarshalToFunc(write), json.UnmarshalFromFunc(read)}
}

// storedAs stores a T in the form of an R. The record that it converts to shares the memory of the value.
func storedAs[T, R any](record func(*T) *R) codec {
	return newCodec(
		func(e *jsontext.Encoder, v *T) error { return json.MarshalEncode(e, record(v)) },
		func(d *jsontext.Decoder, v *T) error { return json.UnmarshalDecode(d, record(v)) },
	)
}

func joinCodecs(codecs ...codec) json.Options {
	var marshal []*json.Marshalers
	var unmarshal []*json.Unmarshalers
	for _, c := range codecs {
		marshal = append(marshal, c.marshal)
		unmarshal = append(unmarshal, c.unmarshal)
	}
	return json.JoinOptions(
		json.WithMarshalers(json.JoinMarshalers(marshal...)),
		json.WithUnmarshalers(json.JoinUnmarshalers(unmarshal...)),
	)
}

// mustEncode writes a record. It panics if a JSON value is not valid: the decoders of the APIs reject such values.
func mustEncode(v any) []byte {
	body, err := json.Marshal(v, encoding)
	if err != nil {
		panic("store: a record that is no JSON")
	}
	return body
}

// decode is decodeWithUnknown for a record that is not written again.
func decode[R any](body []byte, what string) (R, error) {
	r, _, err := decodeWithUnknown[R](body, what)
	return r, err
}

// unixSeconds returns the seconds since 1970, or 0 for the zero time.
func unixSeconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// unixTime is the inverse of unixSeconds.
func unixTime(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

type addressRecord struct {
	Street       string `json:"s,omitzero"`
	StreetNumber string `json:"n,omitzero"`
	Unit         string `json:"u,omitzero"`
	State        string `json:"st,omitzero"`
	City         string `json:"ci,omitzero"`
	District     string `json:"d,omitzero"`
	PostalCode   string `json:"p,omitzero"`
	Country      string `json:"co,omitzero"`
}

type bankRecord struct {
	ID             string    `json:"id"`
	AccountNumber  string    `json:"no,omitzero"`
	Nickname       string    `json:"nn,omitzero"`
	Bank           string    `json:"b,omitzero"`
	Currency       string    `json:"cu,omitzero"`
	AccountType    string    `json:"t,omitzero"`
	Holder         string    `json:"h,omitzero"`
	HolderDocument string    `json:"hd,omitzero"`
	Country        string    `json:"co,omitzero"`
	ExternalID     string    `json:"ext,omitzero"`
	CreatedAt      time.Time `json:"c"`
	UpdatedAt      time.Time `json:"u"`
}

type secretRecord struct {
	Hash    auth.Hash `json:"h"`
	Expires time.Time `json:"x,omitzero"`
}

type securityRecord struct {
	TwoFactor             bool                    `json:"2f,omitzero"`
	SignTransactions      bool                    `json:"t,omitzero"`
	SignAccountOperations bool                    `json:"a,omitzero"`
	AccessControl         *identity.AccessControl `json:"s,omitzero"` // nil: never set
}

type scopeRecord struct {
	Resource    string   `json:"r"`
	Reference   string   `json:"i"`
	Permissions []string `json:"p"`

	Created   time.Time `json:"c,omitzero"`
	AsOf      time.Time `json:"t,omitzero"`
	NamesNone bool      `json:"x,omitzero"`
}
