#!/usr/bin/perl
# report-keys.pl REPORT.md REPORT.json ...: the keys of reports against the tables of the document; totals against the layers' sums.
use strict;
use warnings;
use JSON::PP;

my ($doc, @reports) = @ARGV;
my (%documented, %optional, %seen, @section);
open my $in, '<', $doc or die "$doc: $!\n";
while (<$in>) {
    @section = split /,\s*/, $1 if /^## (\S.*?)\s*$/;
    next unless /^\| `(\w+)` \| (.*)/;
    my ($key, $what) = ($1, $2);
    for (@section) { $documented{"$_.$key"} = 1; $optional{"$_.$key"} = 1 if $what =~ /\(not always\)/ }
}
my $bad = 0;
sub complain { print "$_[0]\n"; $bad++ }

sub look {
    my ($path, $v) = @_;
    if (ref $v eq 'ARRAY') { look($path, $_) for @$v }
    return unless ref $v eq 'HASH';
    unless ($path eq 'accuracy') { $seen{"$path.$_"}++ for keys %$v }
    my $under = $path eq 'report' ? '' : "$path.";
    look("$under$_", $v->{$_}) for keys %$v;
    for my $key (grep { /^\Q$path\E\.\w+$/ && !$optional{$_} } keys %documented) {
        complain("$key is documented, but not in every report") unless exists $v->{ substr $key, length($path) + 1 };
    }
}

my %total = (crossbar_arrays => 'arrays', crossbar_cells => 'cells', crossbar_devices => 'devices', energy_uj => 'energy_uj',
    array_cells => 'array_cells_total', padding_cells => 'padding_cells', zero_arrays => 'zero_arrays',
    compacted_cells => 'compacted_cells', latency_us => 'time_us',
    map { $_ => $_ } qw(array_steps adc_conversions dac_conversions array_area_um2 converter_area_um2 area_with_converters_um2));
for my $file (@reports) {
    open my $json, '<', $file or die "$file: $!\n";
    local $/;
    my $report = decode_json(<$json>);
    look('report', $report);
    for my $key (sort keys %total) {
        my $sum = 0;
        $sum += $_->{ $total{$key} } // 0 for @{ $report->{layers} };
        my $is = $report->{summary}{$key} // 0;
        complain("$file: summary.$key is $is, the layers' sum is $sum") if abs($sum - $is) > 1e-9 * abs($sum);
    }
}
$documented{$_} or complain("$_ is not documented") for sort keys %seen;
$seen{$_} or $optional{$_} or $optional{ 'report.' . (split /\./)[0] } or complain("$_ is documented, but in no report") for sort keys %documented;
exit 1 if $bad;
print scalar(keys %seen), ": the keys are as documented\nthe totals are the sums\n";
