package blnk_test

import (
	"strings"
	"testing"
)

func TestMetadata(t *testing.T) {
	w := newFullIdentityAPI(t)
	for _, body := range []string{
		`{"meta_data":{"a":2.50,"new":{"deep":[1,{"x":null}]},"gone":null}}`,
		`{"meta_data":{"m":1E400,"BLNK_GENERATED_BY":"x","tokenized_fields":{"FirstName":true},"<&>":"\u003c"}}`,
		`{"meta_data":{}}`,
		`{"meta_data":null}`,
		`{}`,
		`{"meta_data":[1]}`,
		`{"meta_data":"x"}`,
		`[]`,
		``,
	} {
		w.send(identityRequest("update-metadata", body))
	}
	w.send(identityRequest("list-tokenized-fields", ""))
	w.send(request{operation: "update-metadata", id: "idt_22222222-2222-4222-8222-222222222222", body: `{"meta_data":{"a":1}}`})
	w.send(request{operation: "update-metadata", id: "no id", body: `{"meta_data":{"a":1}}`})
	w.checkGolden("metadata")
}

// TestOversizedMetadataIsRejected: what does not fit leaves all as it was.
func TestOversizedMetadataIsRejected(t *testing.T) {
	w := newFullIdentityAPI(t)
	large := `{"meta_data":{"` + strings.Repeat("k", 200<<10) + `":1}}`
	wantStatus(t, w.send(identityRequest("update-metadata", large)), 200)
	wantError(t, w.send(identityRequest("update-metadata", strings.Replace(large, "k", "j", 1))), 413, tooLarge, "Identity is too large")
	wantEqual(t, "the rejected metadata was written", strings.Contains(w.send(identityRequest("get-identity", "")).Body, "jkkk"), false)
}
