#!/usr/bin/perl
# results.pl: from reports of rows to lines, from lines to the table.
#   results.pl head | line NETWORK ROW SEED OUT FILE.tsv OPTIONS | weights OUT | table FILE.tsv | check XBARC FILE.tsv OUT...
use strict;
use warnings;
use Cwd qw(abs_path);
use JSON::PP;
use List::Util qw(sum min max);

my @columns = qw(network row seed dense_holdout dense_test distilled_holdout distilled_test holdout test difference ranks moved layers
    cells area_ratio wires wires_full wires_of_layers routing_mean routing_pooled compacted_cells nonzero arrays adc dac steps
    area_with_converters_um2 seconds cpu_seconds options);

sub report {
    my ($dir) = @_;
    open my $in, '<', "$dir/report.json" or die "$dir/report.json: $!\n";
    local $/;
    return decode_json(<$in>);
}

# Facts of passes: the last of each key; "pass.rank-clip.rank.conv1" is found as "rank.conv1".
sub facts {
    my ($r) = @_;
    my %f;
    for (@{$r->{facts}}) { $f{$1} = $_->{value} if $_->{key} =~ /^pass\.[^.]+\.(.*)/ && defined $_->{value} }
    return \%f;
}

sub named { # "rank" -> "conv1:5,conv2:12", in the order of the layers
    my ($r, $f, $what) = @_;
    my @of = map { /^\Q$what\E\.(.*)/ ? $1 : () } sort keys %$f;
    return join ',', map { "$_:$f->{qq($what.$_)}" } @of;
}

# How far ranks moved in the last quarter of the run, the layer that moved most.
sub moved {
    my ($r) = @_;
    my $most;
    for my $c (grep { $_->{key} =~ /\.rank\./ } @{$r->{curves} // []}) {
        my @p = @{$c->{points}};
        my @before = grep { $_->[0] <= 0.75 * $p[-1][0] } @p;
        next unless @before && $p[-1][0] > 0;
        $most = max($most // 0, abs($before[-1][1] - $p[-1][1]) / $before[-1][1]);
    }
    return $most;
}

sub holdout { # of the dense network, of the result
    my ($r) = @_;
    my (@top1, $dense);
    for (@{$r->{facts}}) {
        $dense = $_->{value} if $_->{key} eq 'gate.baseline.top1';
        push @top1, $_->{value} if $_->{key} =~ /^pass\.[^.]+\.top1$/;
    }
    return ($dense, @top1 ? $top1[-1] : $dense);
}

sub wires_of { # "conv2:120,fc1_u:80": of layers that have wires to count
    my ($r) = @_;
    my @of = grep { $_->{row_wires_full} + $_->{col_wires_full} } @{$r->{layers}};
    return join ',', map { "$_->{name}:" . ($_->{row_wires} + $_->{col_wires}) } @of;
}

sub percent { defined $_[0] ? sprintf '%.2f', 100 * $_[0] : '-' }
sub spent {
    my ($out, $column) = @_;
    open my $in, '<', "$out.times" or return '-';
    return sprintf '%.0f', sum 0, map { (split)[$column] } <$in>;
}

# What the dense network and the distilled one have is in the distilled row, which is made first.
sub beside {
    my ($row, $seed, $out, $file) = @_;
    if ($row ne 'distilled') {
        my ($l) = grep { $_->{row} eq 'distilled' && $_->{seed} == $seed } lines($file);
        return $l // die "$file: no row 'distilled' of seed $seed\n";
    }
    my $r = report($out);
    my ($dense, $own) = holdout($r);
    return {
        dense_holdout => percent($dense), dense_test => percent($r->{accuracy}{reference}{top1}),
        distilled_holdout => percent($own), distilled_test => percent($r->{accuracy}{compiled}{top1}),
        cells => $r->{summary}{crossbar_cells_reference},
    };
}

sub line {
    my ($network, $row, $seed, $out, $file, $options) = @_;
    my ($r, $d) = (report($out), beside($row, $seed, $out, $file));
    my ($f, $s, $test) = (facts($r), $r->{summary}, $r->{accuracy}{compiled});
    my $cells = $d->{cells};
    my %v = (
        network => $network, row => $row, seed => $seed, options => $options,
        (map { $_ => $d->{$_} } qw(dense_holdout dense_test distilled_holdout distilled_test)),
        holdout => percent((holdout($r))[1]), test => percent($test->{top1}),
        difference => sprintf('%+.2f', percent($test->{top1}) - $d->{dense_test}),
        ranks => named($r, $f, 'rank'), moved => percent(moved($r)),
        layers => join(',', map { "$_->{name}:$_->{rows}x$_->{cols}" } @{$r->{layers}}),
        cells => $s->{crossbar_cells}, area_ratio => percent($s->{crossbar_cells} / $cells),
        wires => $s->{routing_wires}, wires_full => $f->{'wires-full'} // $s->{routing_wires_full},
        wires_of_layers => wires_of($r),
        routing_mean => percent($f->{'routing-area-ratio-mean'} // $s->{routing_area_ratio}),
        routing_pooled => percent($f->{'routing-area-ratio-pooled'} // $s->{routing_area_ratio_pooled}),
        compacted_cells => $s->{compacted_cells}, nonzero => named($r, $f, 'nonzero'), arrays => $s->{crossbar_arrays},
        adc => $s->{adc_conversions}, dac => $s->{dac_conversions}, steps => $s->{array_steps},
        area_with_converters_um2 => defined $s->{area_with_converters_um2} ? sprintf('%.0f', $s->{area_with_converters_um2}) : '-',
        seconds => spent($out, 0), cpu_seconds => spent($out, 1),
    );
    print join("\t", map { my $x = $v{$_} // '-'; $x eq '' ? '-' : $x } @columns), "\n";
}

# What row (i) keeps: as many weights in each layer as group deletion left.
sub weights {
    my $f = facts(report($_[0]));
    my @of = map { /^nonzero\.(.*)/ ? $1 : () } sort keys %$f;
    print '{', join(', ', map { "$_: $f->{qq(nonzero.$_)}" } @of), "}\n";
}

# ---- is what is kept what the table says? ----

my @laid = qw(crossbar_cells routing_wires routing_wires_full compacted_cells crossbar_arrays adc_conversions dac_conversions array_steps
    area_with_converters_um2);

# The network is laid out anew: its summary, and each layer's wires, are those of its report, and those of its line.
sub check {
    my ($xbarc, $file, @outs) = @_;
    my ($here, $bad, $seen) = ($0 =~ s|[^/]*$||r || './', 0, 0);
    my $differ = sub { print "$_[0]: $_[1] is $_[2], not $_[3]\n"; $bad++ };
    my %line = map { ("$_->{network}-$_->{row}-$_->{seed}" => $_) } lines($file);
    for my $out (map { abs_path($_) // die "$_: $!\n" } @outs) { # a pipeline's names begin at its own folder
        open my $in, '-|', $xbarc, 'compile', '-q', '--json', "${here}map.yaml", '-D', "MODEL=$out/model.onnx", '-o', "check-$$"
            or die "$xbarc: $!\n";
        my $text = do { local $/; <$in> };
        close $in or die "$out/model.onnx cannot be laid out\n";
        my ($new, $old, $l) = (decode_json($text), report($out), $line{$out =~ m|([^/]+)/?$| ? $1 : ''});
        $differ->($out, 'its line', 'missing', 'there') unless $l;
        for (@laid) { $differ->($out, $_, $new->{summary}{$_}, $old->{summary}{$_}) if $new->{summary}{$_} != $old->{summary}{$_} }
        for (['cells', 'crossbar_cells'], ['wires', 'routing_wires'], ['arrays', 'crossbar_arrays'], ['adc', 'adc_conversions']) {
            $differ->($out, "$_->[0] of its line", $l->{$_->[0]}, $new->{summary}{$_->[1]}) if $l && $l->{$_->[0]} != $new->{summary}{$_->[1]};
        }
        my ($now, $then) = map { wires_of($_) } $new, $old;
        $differ->($out, 'wires', $now, $then) if $now ne $then;
        $seen++;
    }
    system 'rm', '-rf', "check-$$";
    print "$seen networks laid out, $bad differences\n";
    exit($bad || !$seen);
}

# ---- the table ----

my %what = (
    distilled => 'dense, distilled', ranks => 'the published ranks (start of f, g, i)', a => 'pca clipping alone', 'b-svd' => 'svd clipping alone',
    'b-direct' => 'direct, published ranks', c => 'balanced, distilled', d => 'all passes, no loss', e => 'all passes, 1 point',
    f => 'group deletion alone', g => 'group deletion, 1.5 points', h => 'any means, fewest wires', i => 'magnitude pruning, weights as (f)',
);
my %published = (
    lenet => {
        ranks => '13.62 %, 1,156 wires', a => '13.62 %, -0.01', 'b-svd' => '32.97 %, no loss', 'b-direct' => '13.62 %, -2.71', e => '3.78 %, -1.0',
        d => '13.62 %, -0.01', f => 'routing 8.1 %, 242 wires, -0.05', h => '242 wires', i => '"wires must be kept"',
    },
    convnet => {
        ranks => '51.81 %, 852 wires', a => '51.81 %, +0.08', 'b-svd' => '55.64 %, no loss', 'b-direct' => '51.81 %, -38.72', e => '38.14 %, -1.0',
        d => '51.81 %, +0.08', f => 'routing 52.06 %, 546 wires', g => 'routing 29.2 %, 364 wires, -1.5', i => '"wires must be kept"',
    },
);

sub spread { # mean (least .. most)
    my ($form, @x) = @_;
    @x = grep { $_ ne '-' } @x;
    return '-' unless @x;
    my $mean = sprintf $form, sum(@x) / @x;
    return $mean if min(@x) == max(@x);
    return sprintf "$mean ($form .. $form)", min(@x), max(@x);
}

sub thousands { my $x = shift; 1 while $x =~ s/^(-?\d+)(\d{3})/$1,$2/; return $x }
sub whole { my $t = spread('%.0f', @_); $t =~ s/(\d{4,})/thousands($1)/ge; return $t }

sub lines {
    my ($file) = @_;
    open my $in, '<', $file or die "$file: $!\n";
    chomp(my @names = split /\t/, <$in>);
    my @lines;
    while (<$in>) {
        chomp;
        my %l;
        @l{@names} = split /\t/;
        push @lines, \%l;
    }
    return @lines;
}

sub table {
    my ($file) = @_;
    my (%of, @order);
    for (lines($file)) {
        push @order, $_->{row} unless $of{$_->{row}};
        push @{$of{$_->{row}}}, $_;
    }
    my $published = $published{$of{$order[0]}[0]{network}} // {};
    my @main = sort grep { !/@/ && !/^(distilled|ranks)$/ } @order;
    my @rows = ((grep { $of{$_} } qw(distilled ranks)), @main, grep { /@/ } @order);
    print "| row | what | published | cells, % | wires | routing area, mean %, pooled % | test, % | against dense, points | hold-out, % | seeds |\n";
    print "|---|---|---|---|---|---|---|---|---|---|\n";
    for my $row (@rows) {
        my $c = sub { my $k = shift; map { $_->{$k} } @{$of{$row}} };
        my ($base, $value) = split /@/, $row;
        my $what = ($what{$base} // '') . (defined $value ? ", $value" : '');
        printf "| %s | %s | %s | %s | %s of %s | %s, %s | %s | %s | %s | %s |\n", $row =~ /^(distilled|ranks)$/ ? '' : "($row)", $what,
            $published->{$row} // '', spread('%.2f', $c->('area_ratio')), whole($c->('wires')), whole($c->('wires_full')),
            spread('%.2f', $c->('routing_mean')), spread('%.2f', $c->('routing_pooled')), spread('%.2f', $c->('test')),
            spread('%+.2f', $c->('difference')), spread('%.2f', $c->('holdout')), join ' ', $c->('seed');
    }
    my %dense;
    $dense{$_->{seed}} = $_ for map { @$_ } values %of;
    my @dense = map { $dense{$_} } sort keys %dense;
    printf "\nDense: test %s %%, hold-out %s %%.\n\n", spread('%.2f', map { $_->{dense_test} } @dense),
        spread('%.2f', map { $_->{dense_holdout} } @dense);
    print "| row | ranks, seed $of{$rows[0]}[0]{seed} | moved in the last quarter, % | cells | compacted cells | arrays | ADC | DAC | steps | area with converters, um2 | minutes |\n";
    print "|---|---|---|---|---|---|---|---|---|---|---|\n";
    for my $row (@rows) {
        my $c = sub { my $k = shift; map { $_->{$k} } @{$of{$row}} };
        (my $ranks = ($c->('ranks'))[0]) =~ s/,/, /g;
        $ranks =~ s/:/ /g;
        printf "| %s | %s | %s |%s %s |\n", $row =~ /^(distilled|ranks)$/ ? $what{$row} : "($row)", $ranks, spread('%.0f', $c->('moved')),
            join('', map { ' ' . whole($c->($_)) . ' |' } qw(cells compacted_cells arrays adc dac steps area_with_converters_um2)),
            spread('%.1f', map { $_ eq '-' ? '-' : $_ / 60 } $c->('seconds'));
    }
}

my ($do, @rest) = @ARGV;
my %do = (head => sub { print join("\t", @columns), "\n" }, line => \&line, weights => \&weights, table => \&table, check => \&check);
die "usage: results.pl head | line NETWORK ROW SEED OUT FILE.tsv OPTIONS | weights OUT | table FILE.tsv | check XBARC FILE.tsv OUT...\n" unless $do && $do{$do};
$do{$do}->(@rest);
