//go:build dynamodb

package runtimeapi_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"cedula/infra/runtimeapi/fakekms"
	"cedula/infra/stack"
)

// calls are what the functions called, over all tests: each permission that was
// made use of, by folder.
var calls = struct {
	sync.Mutex
	by map[string]map[permission]bool
}{by: map[string]map[permission]bool{}}

// called notes that a function made use of a permission.
func called(folder string, p permission) {
	calls.Lock()
	defer calls.Unlock()
	if calls.by[folder] == nil {
		calls.by[folder] = map[permission]bool{}
	}
	calls.by[folder][p] = true
}

// uncalled are the permissions that no replay makes use of, and why they are
// granted all the same.
var uncalled = map[string]map[permission]string{
	"blnk/create-identity":        {checks: manyParts},
	"blnk/update-identity":        {checks: manyParts},
	"conomy/confirm-verification": {checks: manyParts},
}

const manyParts = "to remove a lapsed holder that has more parts than a transaction takes, as conomy/create-identity is seen to"

var checks = permission{action: "ConditionCheckItem", key: "T#*"}

// What the roles grant is compared with what was called when all tests have run:
// a call that nothing grants has failed its test, and what is granted and was
// never called is too much, unless it is listed.
func init() {
	afterAll = func() bool {
		if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
			return true // not all tests
		}
		differences := compare()
		if len(differences) > 0 {
			log.Printf("granted and never called, or listed as such and called:\n%s", strings.Join(differences, "\n"))
		}
		return len(differences) == 0
	}
}

// compare returns what differs, and leaves what was called in .build.
func compare() (differences []string) {
	root, err := stack.Root()
	if err != nil {
		return []string{err.Error()}
	}
	template, err := stack.Read(root)
	if err != nil {
		return []string{err.Error()}
	}
	d := &deployment{root: root, template: template}
	calls.Lock()
	defer calls.Unlock()
	var lines []string
	for _, folder := range slices.Sorted(maps.Keys(d.functions())) {
		for _, p := range d.permissions(folder) {
			used, listed := calls.by[folder][p], uncalled[folder][p] != ""
			if used == listed {
				differences = append(differences, folder+": "+p.String())
			}
			if used {
				lines = append(lines, folder+" "+p.String())
			}
		}
	}
	path := filepath.Join(root, ".build", "calls.txt")
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return append(differences, err.Error())
	}
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		return append(differences, err.Error())
	}
	return differences
}

// guardedKMS is KMS as a function's role sees it.
func (s *stage) guardedKMS(t *testing.T, folder string) string {
	t.Helper()
	target, err := url.Parse(s.kms)
	if err != nil {
		t.Fatal(err)
	}
	granted, onward := s.permissions(folder), httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var asked struct{ KeyId string } //nolint:revive // KMS's spelling
		_ = json.Unmarshal(body, &asked)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		wanted := permission{action: "kms:" + operation, key: map[string]string{fakekms.KeyID: "TokenKey", fakekms.DataKeyID: "VaultKey"}[asked.KeyId]}
		if !slices.Contains(granted, wanted) {
			t.Errorf("%s: its role does not allow %v", folder, wanted)
			http.Error(w, `{"__type":"AccessDeniedException"}`, http.StatusBadRequest)
			return
		}
		called(folder, wanted)
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
