package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"
)

// Local is a running `make run` of its own data.
type Local struct {
	Binary       string
	Conomy, Blnk string // URLs
	Key, Token   string // of Conomy's dialect
	BlnkKey      string
	profiles     string
	command      *exec.Cmd
}

var welcome = map[string]*regexp.Regexp{
	"profiles": regexp.MustCompile(`^Profiles +(\S+)`),
	"conomy":   regexp.MustCompile(`^Conomy's dialect +(\S+)`),
	"blnk":     regexp.MustCompile(`^Blnk's dialect +(\S+)`),
	"client":   regexp.MustCompile(`^ +clientId +(\S+)`),
	"secret":   regexp.MustCompile(`^ +clientSecret +(\S+)`),
	"key":      regexp.MustCompile(`^ +x-api-key +(\S+)`),
	"blnkKey":  regexp.MustCompile(`^ +X-blnk-key +(\S+)`),
	"mailbox":  regexp.MustCompile(`^Mailbox +(\S+)`),
}

// StartLocal builds the server in the module at root and starts it with its
// data and its log in a folder.
func StartLocal(ctx context.Context, root, folder string) (*Local, error) {
	l := &Local{Binary: filepath.Join(folder, "cedula")}
	build := exec.CommandContext(ctx, "go", "build", "-o", l.Binary, "./infra/local") //nolint:gosec // G204: a path of our own
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("load: build: %w\n%s", err, text)
	}
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	defer func() { _ = log.Close() }() // the process has its own
	const free = "localhost:0"
	l.command = exec.Command(l.Binary, "-data", filepath.Join(folder, "data"), "-conomy", free, "-blnk", free, "-mailbox", free, "-pprof", free) //nolint:gosec,noctx // G204: our own; it is stopped by Stop
	l.command.Stderr = log
	said, err := l.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := l.command.Start(); err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := l.listen(ctx, said); err != nil {
		return nil, errors.Join(err, l.Stop())
	}
	return l, nil
}

// listen reads what the server says of itself, and logs in.
func (l *Local) listen(ctx context.Context, said io.Reader) error {
	found := make(map[string]string)
	lines := bufio.NewScanner(said)
	for len(found) < len(welcome) && lines.Scan() {
		for name, form := range welcome {
			if m := form.FindStringSubmatch(lines.Text()); m != nil {
				found[name] = m[1]
			}
		}
	}
	if len(found) < len(welcome) {
		return errors.New("load: the server does not start; its log says why")
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	l.Conomy, l.Blnk, l.Key, l.BlnkKey, l.profiles = found["conomy"], found["blnk"], found["key"], found["blnkKey"], found["profiles"]
	var token struct {
		Data        struct{ AccessToken string }
		AccessToken string
	}
	err := ask(ctx, http.MethodPost, l.Conomy+"/auth", []string{"x-api-key: " + l.Key, "Content-Type: application/json"},
		fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, found["client"], found["secret"]), &token)
	l.Token = token.AccessToken + token.Data.AccessToken
	return err
}

// Server is its process at one of its URLs.
func (l *Local) Server(url string) *Server {
	return &Server{Name: "cedula", URL: url, PIDs: []int{l.command.Process.Pid}}
}

// Stop ends it, as Ctrl-C does.
func (l *Local) Stop() error {
	_ = l.command.Process.Signal(os.Interrupt)
	ended := make(chan error, 1)
	go func() { ended <- l.command.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(20 * time.Second):
		return errors.Join(errors.New("load: the server does not end"), l.command.Process.Kill())
	}
}

// Profile has the process look at itself for so long, and returns the ten
// functions that took the most time.
func (l *Local) Profile(ctx context.Context, folder string, length time.Duration) (string, error) {
	url := fmt.Sprintf("%sprofile?seconds=%d", l.profiles, int(length.Seconds()))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	file := filepath.Join(folder, "cpu.prof")
	body, err := io.ReadAll(answer.Body)
	if err == nil {
		err = os.WriteFile(file, body, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	top, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=10", l.Binary, file).Output() //nolint:gosec // G204: paths of our own
	if err != nil {
		return "", fmt.Errorf("load: %w", err)
	}
	return string(top), nil
}
