package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

func within(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never happened: " + what)
		}
	}
}

func TestEveryEndedChildIsReaped(t *testing.T) {
	var pids []int
	for range 3 {
		child := exec.Command("true")
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, child.Process.Pid)
	}
	for _, pid := range pids {
		within(t, "a zombie is gone", func() bool {
			reap()
			return syscall.Kill(pid, 0) == syscall.ESRCH
		})
	}
}

func TestItEndsOnSIGTERM(t *testing.T) {
	guard := make(chan os.Signal, 100) // keeps the signal from ending the test when it comes too early
	signal.Notify(guard, syscall.SIGTERM)
	defer signal.Stop(guard)
	ended := make(chan struct{})
	go func() { main(); close(ended) }()
	within(t, "the end", func() bool {
		_ = syscall.Kill(os.Getpid(), syscall.SIGTERM)
		select {
		case <-ended:
			return true
		default:
			return false
		}
	})
}
