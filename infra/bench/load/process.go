package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// tick is Linux's unit of a process's time, as every program there sees it.
const tick = 10 * time.Millisecond

// cpu is the processor's time that a server's processes have had; 0 if nobody knows.
func (s *Server) cpu() (sum time.Duration) {
	for _, pid := range s.PIDs {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0
		}
		// What stands before the last bracket may hold spaces.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		for _, n := range []int{11, 12} { // utime and stime
			ticks, _ := strconv.ParseInt(fields[n], 10, 64)
			sum += time.Duration(ticks) * tick
		}
	}
	return sum
}

// rss is what they hold in memory, in bytes; 0 if nobody knows.
func (s *Server) rss() (sum int64) {
	for _, pid := range s.PIDs {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			return 0
		}
		_, after, _ := strings.Cut(string(text), "VmRSS:")
		kB, _ := strconv.ParseInt(strings.Fields(after + " 0")[0], 10, 64)
		sum += kB << 10
	}
	return sum
}
