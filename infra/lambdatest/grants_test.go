package lambdatest_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
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

	"cedula/infra/lambdatest/fakekms"
	"cedula/infra/template"
)

// usedPermissions are what the functions called, over all tests: each permission that was
// made use of, by folder.
var usedPermissions = struct {
	sync.Mutex
	by map[string]map[permission]bool
}{by: map[string]map[permission]bool{}}

// recordUse notes that a function made use of a permission.
func recordUse(folder string, p permission) {
	usedPermissions.Lock()
	defer usedPermissions.Unlock()
	if usedPermissions.by[folder] == nil {
		usedPermissions.by[folder] = map[permission]bool{}
	}
	usedPermissions.by[folder][p] = true
}

// unusedGrants are the permissions that no replay makes use of, and why they are
// granted all the same.
var unusedGrants = map[string]map[permission]string{
	"blnk/create-identity":        {conditionCheck: reasonLargeTransaction},
	"blnk/update-identity":        {conditionCheck: reasonLargeTransaction},
	"conomy/confirm-verification": {conditionCheck: reasonLargeTransaction},
}

const reasonLargeTransaction = "to remove a lapsed holder that has more parts than a transaction takes, as conomy/create-identity is seen to"

var conditionCheck = permission{action: "ConditionCheckItem", key: "T#*"}

// grantsAreUsed compares what the roles grant with what was called, when all tests
// have run. A call that nothing grants has failed its test; a grant without a call is
// too much, unless it is listed.
func grantsAreUsed() bool {
	if flag.Lookup("test.run").Value.String() != "" || flag.Lookup("test.skip").Value.String() != "" {
		return true // not all tests
	}
	differences := compareGrants()
	if len(differences) > 0 {
		fmt.Printf("granted and never called, or listed as such and called:\n%s\n", strings.Join(differences, "\n"))
	}
	return len(differences) == 0
}

// compareGrants returns what differs, and leaves what was called in .build.
func compareGrants() (differences []string) {
	root, err := template.ModuleRoot()
	if err != nil {
		return []string{err.Error()}
	}
	tmpl, err := template.Read(root)
	if err != nil {
		return []string{err.Error()}
	}
	d := &deployment{root: root, template: tmpl}
	usedPermissions.Lock()
	defer usedPermissions.Unlock()
	var lines []string
	for _, folder := range slices.Sorted(maps.Keys(d.functions())) {
		for _, p := range d.grantedPermissions(folder) {
			used, listed := usedPermissions.by[folder][p], unusedGrants[folder][p] != ""
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

// roleCheckedKMS is KMS as a function's role sees it.
func (s *replayEnv) roleCheckedKMS(t *testing.T, folder string) string {
	t.Helper()
	target, err := url.Parse(s.kmsURL)
	if err != nil {
		t.Fatal(err)
	}
	granted, onward := s.grantedPermissions(folder), httputil.NewSingleHostReverseProxy(target)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var asked struct{ KeyId string } //nolint:revive // KMS's spelling
		_ = json.Unmarshal(body, &asked)
		_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		wanted := permission{action: "kms:" + operation, key: map[string]string{fakekms.SigningKeyID: "TokenKey", fakekms.WrappingKeyID: "VaultKey"}[asked.KeyId]}
		if !slices.Contains(granted, wanted) {
			t.Errorf("%s: its role does not allow %v", folder, wanted)
			http.Error(w, `{"__type":"AccessDeniedException"}`, http.StatusBadRequest)
			return
		}
		recordUse(folder, wanted)
		onward.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
