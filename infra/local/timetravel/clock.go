// Package timetravel moves the time of single tenants of a local registry forward, so that what takes days can be tried in
// a second. It is for sandboxes only. It must not import what depends on the time.
package timetravel

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// FileName is the clock's file in a data folder.
const FileName = "clock.json"

// MaxOffset is how far a tenant's time can be moved.
const MaxOffset = 10 * 366 * 24 * time.Hour

// Clock holds each tenant's offset from the real time. It is safe for concurrent use.
type Clock struct {
	path string

	mu      sync.RWMutex
	offsets map[string]time.Duration
}

// Open reads the clock of a data folder. Without a file every offset is zero.
func Open(folder string) (*Clock, error) {
	c := &Clock{path: filepath.Join(folder, FileName), offsets: make(map[string]time.Duration)}
	text, err := os.ReadFile(c.path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	var offsets map[string]time.Duration
	err = json.Unmarshal(text, &offsets)
	for _, offset := range offsets {
		if offset < 0 || offset > MaxOffset {
			err = errInvalidAdvance
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%s is damaged; remove it to have every tenant's time right again: %w", c.path, err)
	}
	maps.Copy(c.offsets, offsets)
	return c, nil
}

// Offset returns how far a tenant's time is ahead.
func (c *Clock) Offset(tenant string) time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.offsets[tenant]
}

// LargestOffset returns the largest offset of a tenant.
func (c *Clock) LargestOffset() time.Duration {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var largest time.Duration
	for _, d := range c.offsets {
		largest = max(largest, d)
	}
	return largest
}

var errInvalidAdvance = fmt.Errorf("advance must be a duration above 0, such as 168h, and lead no further than %v", MaxOffset)

// Advance moves a tenant's time forward and returns its new offset. A tenant's time never goes back.
func (c *Clock) Advance(tenant string, by time.Duration) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if by <= 0 || by > MaxOffset-c.offsets[tenant] {
		return 0, errInvalidAdvance
	}
	c.offsets[tenant] += by
	text, err := json.MarshalIndent(c.offsets, "", "  ")
	if err == nil {
		err = writeFileAtomic(c.path, text)
	}
	if err != nil {
		c.offsets[tenant] -= by
		return 0, err
	}
	return c.offsets[tenant], nil
}

func writeFileAtomic(path string, text []byte) error {
	temp := path + ".new"
	if err := os.WriteFile(temp, text, 0o600); err != nil {
		return err
	}
	return os.Rename(temp, path)
}
