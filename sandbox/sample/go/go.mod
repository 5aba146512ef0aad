module slipway/sandbox/sample

go 1.24
