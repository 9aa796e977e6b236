//go:build dynamodb

package main

import (
	"os"
	"os/exec"
	"testing"
)

// TestConomyClient runs the script that calls as Conomy's own client does, with
// and without the stage in the path.
func TestConomyClient(t *testing.T) {
	s := start(t, t.TempDir())
	for _, stage := range []string{"", "/sandbox"} {
		c := exec.Command("node", "../client/conomy.mjs")
		c.Env = append(os.Environ(), "CONOMY_URL="+s.conomy+stage,
			"CLIENT_ID="+s.client.ClientID, "CLIENT_SECRET="+s.client.ClientSecret, "CONOMY_KEY="+s.client.ConomyKey)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		t.Logf("%s", out)
	}
}
