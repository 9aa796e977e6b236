// Package clock moves the time of single tenants of a local registry, so that
// what takes days can be tried in a second. It is for sandboxes alone.
// It knows nothing of what depends on the time.
package clock

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// File is the clock's in a data folder.
const File = "clock.json"

// MaxAhead is how far a tenant's time can be moved.
const MaxAhead = 10 * 366 * 24 * time.Hour

// Clock is how far ahead each tenant's time is. It is safe for concurrent use.
type Clock struct {
	path string

	mu    sync.RWMutex
	ahead map[string]time.Duration
}

// Open reads the clock of a data folder; without a file everybody's is right.
func Open(folder string) (*Clock, error) {
	c := &Clock{path: filepath.Join(folder, File), ahead: make(map[string]time.Duration)}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &c.ahead)
	}
	if err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it to have every tenant's time right again: %w", c.path, err)
	}
	return c, nil
}

// Ahead is how far a tenant's time is before everybody's.
func (c *Clock) Ahead(tenant string) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ahead[tenant]
}

// Furthest is that of the tenant whose time is moved most.
func (c *Clock) Furthest() (most time.Duration) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for _, d := range c.ahead {
		most = max(most, d)
	}
	return most
}

// errRange is for a move that is none, or too far.
var errRange = fmt.Errorf("advance must be a duration above 0, such as 168h, and lead no further than %v", MaxAhead)

// Advance moves a tenant's time forward, and returns how far it is ahead then. It
// never goes back: what is past for somebody stays past.
func (c *Clock) Advance(tenant string, by time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by <= 0 || by > MaxAhead-c.ahead[tenant] {
		return 0, errRange
	}
	c.ahead[tenant] += by
	text, err := json.MarshalIndent(c.ahead, "", "  ")
	if err == nil {
		err = replace(c.path, text)
	}
	if err != nil {
		c.ahead[tenant] -= by
		return 0, err
	}
	return c.ahead[tenant], nil
}

// replace writes a file that is there as it was or as it is to be.
func replace(path string, text []byte) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, text, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}
